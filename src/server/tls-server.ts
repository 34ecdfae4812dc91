import { constants } from "node:crypto";
import type { Server, ServerOptions } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { BindCertificate, BindTls } from "../contract/runtime.ts";
import { trustPeer } from "./connection.ts";

/** An HTTPS server whose certificates can be replaced while it serves. */
export interface TlsServer {
  readonly server: Server;
  /** New handshakes get these; open connections keep what they began with. The server must not ask clients less or more than before. */
  renew(certificates: readonly BindCertificate[]): void;
}

interface Choice {
  readonly certificate: BindCertificate;
  readonly context: SecureContext;
}

/**
 * Makes the server; it does not listen yet. Each listener has its certificate, chosen by the name that the client asks for
 * (SNI, RFC 6066 section 3), and its own rules about versions and client certificates. OpenSSL settles both before it knows
 * the name, so the port takes what any of its listeners takes, and a connection that is not good enough for the one that it
 * came for is closed before anything is read from it.
 * @param handshake called with the milliseconds of each handshake that succeeded
 */
export function createTlsServer(options: ServerOptions, tls: BindTls, handshake: (milliseconds: number) => void): TlsServer {
  let choices = choicesOf(tls.certificates);
  const choose = (serverName: string): Choice | undefined => choices.find(({ certificate }) => covers(certificate.hostname, serverName));
  const server = createServer({
    ...options,
    ...portOptions(tls.certificates),
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: tls.handshakeTimeoutMs,
    requestCert: asksClients(tls),
    rejectUnauthorized: false,
    SNICallback: (serverName, callback) => {
      const found = choose(serverName.toLowerCase());
      if (found === undefined) callback(new Error("no certificate for this server name"));
      else callback(null, found.context);
    },
  });
  server.prependListener("secureConnection", (socket: TLSSocket & { servername?: string | false }) => {
    const { servername } = socket;
    const chosen = typeof servername === "string" ? choose(servername.toLowerCase()) : choices.at(-1);
    if (chosen === undefined || !isGoodEnough(socket, chosen.certificate)) socket.destroy();
    else if (chosen.certificate.clientCa !== undefined) trustPeer(socket);
  });
  measureHandshakes(server, handshake);
  return {
    server,
    renew(certificates) {
      choices = choicesOf(certificates);
      server.setSecureContext(portOptions(certificates));
    },
  };
}

/** Whether clients are asked for a certificate: a property of the port, which no renewal changes. */
export function asksClients({ certificates }: BindTls): boolean {
  return certificates.some(({ clientCa }) => clientCa !== undefined);
}

function choicesOf(certificates: readonly BindCertificate[]): Choice[] {
  return certificates.map((certificate) => ({ certificate, context: createSecureContext(secureOptions(certificate)) }));
}

/** For clients that name no server: the last, which is the one for any name where there is such a listener. */
function fallbackOf(certificates: readonly BindCertificate[]): BindCertificate {
  const last = certificates.at(-1);
  if (last === undefined) throw new Error("a TLS bind needs a certificate");
  return last;
}

/**
 * The fallback's settings, and every version that any listener takes. Where clients are asked for certificates no session is
 * resumed: a resumed one need not name the server again (RFC 5246 section 7.4.1.4), and which certificates count depends on
 * the name.
 */
function portOptions(certificates: readonly BindCertificate[]): SecureContextOptions {
  const versions = certificates.map(({ minVersion = lowest, maxVersion = highest }) => [minVersion, maxVersion] as const);
  const minVersion = versions.some(([from]) => from === lowest) ? lowest : highest;
  const maxVersion = versions.some(([, to]) => to === highest) ? highest : lowest;
  const noResumption = certificates.some(({ clientCa }) => clientCa !== undefined) ? { secureOptions: constants.SSL_OP_NO_TICKET } : {};
  return { ...secureOptions(fallbackOf(certificates)), minVersion, maxVersion, ...noResumption };
}

const lowest = "TLSv1.2";
const highest = "TLSv1.3";

function isGoodEnough(socket: TLSSocket, { clientCa, minVersion = lowest, maxVersion = highest }: BindCertificate): boolean {
  const version = socket.getProtocol() ?? "";
  return version >= minVersion && version <= maxVersion && (clientCa === undefined || socket.authorized);
}

function measureHandshakes(server: Server, handshake: (milliseconds: number) => void): void {
  const started = new Map<string, number>(); // by the client's end: the TLS socket does not show its TCP socket
  server.on("connection", (socket: Socket) => {
    const key = `${socket.remoteAddress} ${socket.remotePort}`;
    started.set(key, performance.now());
    socket.once("close", () => started.delete(key));
  });
  server.on("secureConnection", (socket: Socket) => {
    const at = started.get(`${socket.remoteAddress} ${socket.remotePort}`);
    if (at !== undefined) handshake(performance.now() - at);
  });
}

function covers(hostname: string | undefined, serverName: string): boolean {
  if (hostname === undefined) return true;
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
