import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorTable, type ErrorRow } from "../contract/errors.ts";
import type { BindCertificate, BindSocket } from "../contract/runtime.ts";
import { answerClientError } from "./client-error.ts";
import { connectionOf } from "./connection.ts";
import { Lifetimes } from "./lifetimes.ts";
import { type BindHooks, type BindState, Receiver } from "./receive.ts";
import { createTlsServer } from "./tls-server.ts";

export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

/** A listening port. */
export interface OpenBind {
  readonly port: number;
  /** Serves new handshakes with these certificates. Only for a bind that was opened with some. */
  renew(certificates: readonly BindCertificate[]): void;
  /**
   * Stops accepting, lets requests in flight end, and closes what is left after the deadline. Resolves when all is closed.
   * May be called again with a nearer deadline.
   */
  drain(deadlineMs: number): Promise<void>;
}

/** The answer to CONNECT: the gateway is no forward proxy. */
const connectRefusal = refusalText(errorTable.method_not_allowed);

function refusalText({ status, text }: ErrorRow): string {
  const fields = ["connection: close", "content-type: text/plain", `content-length: ${Buffer.byteLength(text)}`];
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...fields, "", text].join("\r\n");
}

/** Bytes of all header fields together. */
const maxHeaderBytes = 65_536;

/** Opens a port. Rejects with node's error (EADDRINUSE, EACCES) when it cannot. */
export async function openBind(bind: BindAddress, settings: BindSocket, hooks: BindHooks): Promise<OpenBind> {
  const scheme = settings.tls === undefined ? "http" : "https";
  const { maxConnectionMs, keepAlive } = settings;
  const lifetimes = maxConnectionMs === undefined ? undefined : new Lifetimes(maxConnectionMs);
  const state: BindState = { draining: false, upgraded: new Set(), lifetimes };
  const options = serverOptions(settings);
  const secure = settings.tls === undefined ? undefined : createTlsServer(options, settings.tls, hooks.handshake);
  const server = secure?.server ?? createServer(options);

  server.maxHeadersCount = 0; // 0 = none dropped silently; readHead counts
  const receiver = new Receiver(scheme, settings.maxHeaders, hooks, state);
  server.on("request", (request, response) => receiver.request(request, response));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    receiver.request(request, response, () => response.writeContinue()),
  );
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, early: Buffer) => receiver.upgrade(request, socket, early));
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => socket.end(connectRefusal));
  server.on("clientError", answerClientError);
  server.on("connection", (socket: Socket) => {
    if (!hooks.admits(connectionOf(socket))) {
      socket.destroy();
      return;
    }
    if (keepAlive !== undefined) socket.setKeepAlive(true, keepAlive.timeMs, keepAlive.intervalMs, keepAlive.probes);
    hooks.connected(scheme);
    socket.once("close", () => hooks.disconnected(scheme, socket.bytesRead, socket.bytesWritten));
  });

  if (lifetimes !== undefined)
    server.on(scheme === "https" ? "secureConnection" : "connection", (socket: Socket) => lifetimes.start(socket));

  await listenOn(server, bind);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : bind.port,
    renew: (certificates) => secure?.renew(certificates),
    drain: compileDrain(server, state),
  };
}

/** Listens on the address; where that is every address of a machine without IPv6, on every IPv4 address. */
async function listenOn(server: Server, { host, port }: BindAddress): Promise<void> {
  try {
    await listening(server, host, port);
  } catch (cause) {
    if (host !== "::" || !noIpv6.has((cause as NodeJS.ErrnoException).code ?? "")) throw cause;
    await listening(server, "0.0.0.0", port);
  }
}

const noIpv6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL"]);

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function serverOptions(settings: BindSocket): ServerOptions & { shouldUpgradeCallback: (request: IncomingMessage) => boolean } {
  return {
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: settings.idleTimeoutMs,
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: 0, // a body may stream for as long as the two sides like; policies bound what is buffered
    connectionsCheckingInterval: Math.min(5_000, Math.max(500, settings.headersTimeoutMs / 4)),
    requireHostHeader: true,
    highWaterMark: 65_536,
    noDelay: true,
    // h2c and others are offers that may be ignored (RFC 9110 section 7.8); only WebSocket is switched to
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
  };
}

/** Milliseconds between looks for connections that went idle after a reply whose head was sent before the drain began. */
const idleCheckMs = 250;

/** Stops accepting at once (the port is free for another server), then waits for what is in flight. */
function compileDrain(server: Server, state: BindState): OpenBind["drain"] {
  let closed: Promise<void> | undefined;
  return async (deadlineMs) => {
    state.draining = true;
    closed ??= new Promise((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of state.upgraded) socket.destroy(); // node no longer counts these as HTTP connections
    }, deadlineMs);
    await closed;
    clearInterval(idle);
    clearTimeout(deadline);
  };
}
