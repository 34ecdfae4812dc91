import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import type { Duplex } from "node:stream";
import type { Step } from "./scenario.ts";

export interface ClientReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one request on a connection of its own. */
export function send(url: string, { method, path, headers, body, chunked, upgrade }: Step["request"]): Promise<ClientReply> {
  const options: RequestOptions = { method, headers: { ...headers }, agent: false };
  const fields = options.headers as Record<string, string>;
  if (body !== undefined && !chunked) fields["content-length"] = String(Buffer.byteLength(body));
  if (upgrade !== undefined)
    Object.assign(fields, { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" });
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + path, options, (response) => resolve(read(response)));
    request.on("error", reject);
    request.on("upgrade", (response, socket) => resolve(talk(response, socket, upgrade ?? "")));
    request.end(body);
  });
}

async function read(response: IncomingMessage): Promise<ClientReply> {
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Sends a text over the switched connection, and takes as many bytes of what comes back. */
function talk(response: IncomingMessage, socket: Duplex, text: string): Promise<ClientReply> {
  return new Promise((resolve, reject) => {
    let body = "";
    socket.on("error", reject);
    socket.on("close", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    socket.on("data", (chunk: Buffer) => {
      body += chunk.toString();
      if (body.length >= text.length) socket.destroy();
    });
    socket.write(text);
  });
}
