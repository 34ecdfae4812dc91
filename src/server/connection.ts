import type { Socket } from "node:net";
import { type PeerCertificate, TLSSocket } from "node:tls";
import type { Connection } from "../contract/exchange.ts";

const known = new WeakMap<Socket, Connection>();
const trusted = new WeakSet<Socket>();

/** Notes that the listener verified the client's certificate. Of others nothing is told: anybody can show one. */
export function trustPeer(socket: TLSSocket): void {
  trusted.add(socket);
}

/** The facts of a connection, read once: each costs a system call, and a kept-alive connection brings many requests. */
export function connectionOf(socket: Socket): Connection {
  let connection = known.get(socket);
  if (connection === undefined) {
    connection = {
      remoteAddress: plainAddress(socket.remoteAddress),
      remotePort: socket.remotePort ?? 0,
      localAddress: plainAddress(socket.localAddress),
      localPort: socket.localPort ?? 0,
      ...(socket instanceof TLSSocket ? { tls: tlsFacts(socket) } : {}),
    };
    known.set(socket, connection);
  }
  return connection;
}

/** IPv4 addresses as such, also where a dual-stack socket shows them mapped (RFC 4291 section 2.5.5.2). */
function plainAddress(address = ""): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function tlsFacts(socket: TLSSocket): NonNullable<Connection["tls"]> {
  const certificate = trusted.has(socket) ? (socket.getPeerCertificate() as Partial<PeerCertificate> | null) : null;
  const serverName = (socket as TLSSocket & { servername?: string | false }).servername;
  return {
    serverName: typeof serverName === "string" ? serverName.toLowerCase() : undefined,
    subject: certificate?.subject?.CN?.toString(),
    subjectAltNames: certificate?.subjectaltname === undefined ? [] : certificate.subjectaltname.split(", "),
  };
}
