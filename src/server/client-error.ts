import type { Duplex } from "node:stream";

/** Answers what node's parser refused before there was a request, then closes: the stream's framing cannot be trusted. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, text] = answers[error.code ?? ""] ?? ["400 Bad Request", "invalid request"];
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  // a client that never reads must not hold the socket
  setTimeout(() => socket.destroy(), 1_000).unref();
}

const answers: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "request header fields too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["413 Payload Too Large", "chunk extensions too large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "request not received in time"],
};
