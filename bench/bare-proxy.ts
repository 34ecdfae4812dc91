import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";

/**
 * The least a Node proxy can be on the same parts as Turnpike: node:http in front, undici's dispatch behind, small bodies
 * collected, no policies, no telemetry. A yardstick, not a product.
 * Usage: bare-proxy.ts <port> <upstream port>
 */
const [port, upstreamPort] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256, pipelining: 1 });

class Forward implements Dispatcher.DispatchHandler {
  private readonly response: ServerResponse;

  constructor(response: ServerResponse) {
    this.response = response;
  }

  onRequestStart(): void {}

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    const fields: string[] = [];
    for (const name in headers) {
      const value = headers[name];
      if (typeof value === "string" && name !== "connection" && name !== "keep-alive" && name !== "transfer-encoding")
        fields.push(name, value);
    }
    this.response.writeHead(status, fields);
    this.response.on("drain", () => controller.resume());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.response.end();
  }

  onResponseError(): void {
    this.response.destroy();
  }
}

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer | null): void {
  const headers = request.rawHeaders.filter((_, i) => !/^(?:connection|content-length)$/i.test(request.rawHeaders[i - (i % 2)] as string));
  pool.dispatch({ method: request.method as Dispatcher.HttpMethod, path: request.url as string, headers, body }, new Forward(response));
}

const server = createServer({ keepAliveTimeout: 600_000, noDelay: true }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () =>
    forward(request, response, chunks.length === 0 ? null : chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
  );
});
server.listen(port, "127.0.0.1");
