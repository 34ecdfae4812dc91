import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { bodyOf } from "../http/upstream-server.ts";
import type { BackendReply } from "./scenario.ts";

/** A request as a backend got it. */
export interface Seen {
  readonly to: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Backend {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A backend that gives its replies one after the other and says what it got. It switches to WebSocket whoever asks, and
 * then sends every text back.
 */
export async function startBackend(name: string, replies: readonly BackendReply[], seen: (request: Seen) => void): Promise<Backend> {
  let count = 0;
  const next = (): BackendReply => replies[Math.min(count++, replies.length - 1)] as BackendReply;
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      seen({ to: name, method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
      const reply = next();
      if (reply.delayMs === undefined) answer(response, reply);
      else setTimeout(() => answer(response, reply), reply.delayMs).unref(); // nobody may be waiting any more
    });
  });
  server.on("upgrade", (request, socket: Socket) => {
    seen({ to: name, method: request.method ?? "", path: request.url ?? "", headers: request.headers, body: "" });
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    socket.pipe(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, { status, headers, body, breaks }: BackendReply): void {
  if (breaks === true) response.destroy();
  else response.writeHead(status, headers).end(body);
}
