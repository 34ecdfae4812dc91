import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Exchange } from "../contract/exchange.ts";
import { isReplyStream, isUpgraded, type Reply } from "../contract/reply.ts";

/**
 * Answers an upgrade request: joins the two connections after a 101, or writes the refusal and closes. Bytes that came
 * with the request (`early`) go first.
 */
export function writeUpgrade(socket: Duplex, early: Buffer, reply: Reply, exchange: Exchange): void {
  exchange.status = reply.status;
  exchange.responseHeaders = reply.headers;
  const { body } = reply;
  if (!isUpgraded(body)) {
    refuse(socket, reply);
    return;
  }
  const upstream = body.socket;
  socket.write(headText(reply, ["connection", "upgrade", "upgrade", exchange.upgrade ?? "websocket"]));
  if (early.length > 0) upstream.write(early);
  upstream.on("data", (chunk: Buffer) => (exchange.responseBytes += chunk.length));
  join(socket, upstream);
}

function join(client: Duplex, upstream: Duplex): void {
  client.pipe(upstream);
  upstream.pipe(client);
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on("error", () => other.destroy());
    one.once("close", () => other.destroy());
  }
}

function refuse(socket: Duplex, reply: Reply): void {
  const { body } = reply;
  const bytes = typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0);
  if (isReplyStream(body)) body.cancel(new Error("the upgrade was refused"));
  reply.headers.set("content-length", String(bytes.length));
  socket.write(headText(reply, ["connection", "close"]));
  socket.end(bytes);
}

function headText(reply: Reply, extra: readonly string[]): string {
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ""}`];
  const flat = [...reply.headers.flat, ...extra];
  for (let i = 0; i < flat.length; i += 2) lines.push(`${flat[i]}: ${(flat[i + 1] as string).replace(/[\r\n\0]/g, " ")}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
