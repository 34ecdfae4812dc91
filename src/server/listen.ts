import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { NodeRequestBody } from "./body.ts";
import { answerClientError } from "./client-error.ts";
import { connectionOf } from "./connection.ts";
import { readHead } from "./request-head.ts";
import type { GatewayError } from "../contract/errors.ts";
import type { Connection, Exchange, RequestHead } from "../contract/exchange.ts";
import type { Reply } from "../contract/reply.ts";
import type { RequestBody } from "../contract/body.ts";
import type { BindCertificate, BindSocket, BindTls } from "../contract/runtime.ts";
import { writeReply } from "./write-reply.ts";
import { writeUpgrade } from "./upgrade.ts";

/** A request as it came off a connection. */
export interface Received {
  readonly connection: Connection;
  readonly head: RequestHead;
  readonly body: RequestBody;
  readonly httpVersion: string;
  readonly upgrade: string | undefined;
  /** Set when it must not be served; the handler answers with it. */
  readonly refusal: GatewayError | undefined;
}

/** A request being served. `finish` is called once, after the reply's last byte or when the client left. */
export interface Served {
  readonly exchange: Exchange;
  readonly reply: Promise<Reply>;
  /** Called when the policies are done and the reply's head is about to be written. */
  replied(): void;
  finish(clientLeft: boolean): void;
}

export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

export interface BindHooks {
  readonly serve: (received: Received) => Served;
  /** Whether a connection may be served at all; one that may not is closed without a word. */
  readonly admits: (connection: Connection) => boolean;
  readonly connected: (protocol: "http" | "https") => void;
  readonly disconnected: (protocol: "http" | "https", received: number, sent: number) => void;
  readonly handshake: (milliseconds: number) => void;
}

/** A listening port. */
export interface OpenBind {
  readonly port: number;
  /** Stops accepting, lets requests in flight end, and closes what is left after the deadline. Resolves when all is closed. */
  drain(deadlineMs: number): Promise<void>;
}

interface BindState {
  draining: boolean;
  readonly upgraded: Set<Duplex>;
  /** Connections past their lifetime: the reply in flight is their last. */
  readonly aged: WeakSet<Socket>;
}

/** Bytes of all header fields together. */
const maxHeaderBytes = 65_536;

/** Opens a port. Rejects with node's error (EADDRINUSE, EACCES) when it cannot. */
export async function openBind(bind: BindAddress, settings: BindSocket, hooks: BindHooks): Promise<OpenBind> {
  const scheme = settings.tls === undefined ? "http" : "https";
  const state: BindState = { draining: false, upgraded: new Set(), aged: new WeakSet() };
  const server = settings.tls === undefined ? createServer(serverOptions(settings)) : tlsServer(settings, settings.tls, hooks);

  const receive = (request: IncomingMessage, response: ServerResponse, allowContinue?: () => void): void => {
    const { head, bodyLength, refusal } = readHead(request, scheme, settings.maxHeaders);
    const body = new NodeRequestBody(request, bodyLength, allowContinue);
    const served = hooks.serve({
      connection: connectionOf(request.socket),
      head,
      body,
      httpVersion: request.httpVersion,
      upgrade: undefined,
      refusal,
    });
    response.once("close", () => served.finish(!response.writableFinished));
    void served.reply.then((reply) => {
      // unread bytes stand between this reply and the next request: better a new connection than reading an upload nobody wants
      if (state.draining || state.aged.has(request.socket) || refusal !== undefined || (body.unread && body.length !== 0))
        reply.headers.set("connection", "close");
      served.replied();
      writeReply(response, reply, served.exchange);
    });
  };

  server.maxHeadersCount = 0; // 0 = none dropped silently; readHead counts
  server.on("request", (request, response) => receive(request, response));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    receive(request, response, () => response.writeContinue()),
  );
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, early: Buffer) => {
    const { head, refusal } = readHead(request, scheme, settings.maxHeaders);
    const body = new NodeRequestBody(request, 0);
    const served = hooks.serve({
      connection: connectionOf(request.socket),
      head,
      body,
      httpVersion: request.httpVersion,
      upgrade: request.headers.upgrade,
      refusal,
    });
    socket.on("error", () => socket.destroy());
    state.upgraded.add(socket);
    socket.once("close", () => state.upgraded.delete(socket));
    void served.reply.then((reply) => {
      served.replied();
      writeUpgrade(socket, early, reply, served.exchange, () => served.finish(false));
    });
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.end(
      "HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 18\r\n\r\nmethod not allowed",
    );
  });
  server.on("clientError", answerClientError);
  server.on("connection", (socket: Socket) => {
    if (!hooks.admits(connectionOf(socket))) {
      socket.destroy();
      return;
    }
    hooks.connected(scheme);
    socket.once("close", () => hooks.disconnected(scheme, socket.bytesRead, socket.bytesWritten));
  });

  const { maxConnectionMs } = settings;
  if (maxConnectionMs !== undefined) {
    server.on(scheme === "https" ? "secureConnection" : "connection", (socket: Socket) => endAfter(socket, maxConnectionMs, state));
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(bind.port, bind.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : bind.port,
    drain: (deadlineMs) => drain(server, state, deadlineMs),
  };
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

function tlsServer(settings: BindSocket, tls: BindTls, hooks: BindHooks): Server {
  const fallback = tls.certificates[0];
  if (fallback === undefined) throw new Error("a TLS bind needs a certificate");
  const contexts = tls.certificates.map((certificate) => ({
    hostname: certificate.hostname,
    context: createSecureContext(secureOptions(certificate)),
  }));
  const server = createTlsServer({
    ...serverOptions(settings),
    ...secureOptions(fallback),
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: tls.handshakeTimeoutMs,
    requestCert: tls.certificates.some((certificate) => certificate.clientCa !== undefined),
    rejectUnauthorized: true,
    SNICallback: (serverName, callback) => {
      const found = contexts.find(({ hostname }) => hostname === undefined || covers(hostname, serverName.toLowerCase()));
      if (found === undefined) callback(new Error("no certificate for this server name"));
      else callback(null, found.context);
    },
  });
  const started = new Map<string, number>(); // by the client's end: the TLS socket does not show its TCP socket
  server.on("connection", (socket: Socket) => {
    const key = `${socket.remoteAddress} ${socket.remotePort}`;
    started.set(key, performance.now());
    socket.once("close", () => started.delete(key));
  });
  server.on("secureConnection", (socket: Socket) => {
    const at = started.get(`${socket.remoteAddress} ${socket.remotePort}`);
    if (at !== undefined) hooks.handshake(performance.now() - at);
  });
  return server;
}

function covers(hostname: string, serverName: string): boolean {
  return hostname.startsWith("*.") ? serverName.endsWith(hostname.slice(1)) : hostname === serverName;
}

function secureOptions(certificate: BindCertificate): SecureContextOptions {
  const { cert, key, clientCa, minVersion, maxVersion, ciphers } = certificate;
  return {
    cert,
    key,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers }),
  };
}

/** Makes the first reply after a connection's lifetime its last; an idle one ends by the idle timeout. */
function endAfter(socket: Socket, lifetimeMs: number, state: BindState): void {
  const timer = setTimeout(() => state.aged.add(socket), lifetimeMs);
  socket.once("close", () => clearTimeout(timer));
}

/** Stops accepting at once (the port is free for another server), then waits for what is in flight. */
async function drain(server: Server, state: BindState, deadlineMs: number): Promise<void> {
  state.draining = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // a connection that goes idle after its last reply is closed by the "connection: close" sent with it
  const deadline = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of state.upgraded) socket.destroy(); // node no longer counts these as HTTP connections
  }, deadlineMs);
  await closed;
  clearTimeout(deadline);
}
