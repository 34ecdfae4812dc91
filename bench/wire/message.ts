/** A request as data, so that it can be sent to the process that makes the load. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Stands for a JSON-RPC id in a body; the load generator writes a fresh number of as many digits over it each time. */
export const idPlaceholder = 10_000_000;

/** The bytes of a request. @param extra fields known only now, such as a session id */
export function requestBytes({ method, path, headers, body }: HttpRequest, extra: Readonly<Record<string, string>> = {}): Buffer {
  const fields = Object.entries({ host: "bench.test", ...headers, ...extra }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === "GET" ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields.join("")}${length}\r\n${body}`);
}

/** The bytes of a reply with a body of known length. */
export function replyBytes(status: string, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status}\r\n${fields.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
