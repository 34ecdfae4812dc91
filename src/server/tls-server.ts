import type { Server, ServerOptions } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { BindCertificate, BindTls } from "../contract/runtime.ts";

/** A server that speaks TLS, with a certificate by server name. */
export function createTlsServer(options: ServerOptions, tls: BindTls, handshakeTook: (milliseconds: number) => void): Server {
  const fallback = tls.certificates[0];
  if (fallback === undefined) throw new Error("a TLS bind needs a certificate");
  const contexts = tls.certificates.map((certificate) => ({
    hostname: certificate.hostname,
    context: createSecureContext(secureOptions(certificate)),
  }));
  const server = createServer({
    ...options,
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
    if (at !== undefined) handshakeTook(performance.now() - at);
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
