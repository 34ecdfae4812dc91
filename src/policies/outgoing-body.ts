import type { Readable } from "node:stream";
import type { Outgoing } from "../contract/outgoing.ts";

/**
 * Reads the body of a request to a backend into memory, so that expressions see it as `request.body`. One over the
 * listener's limit stays a stream that loses nothing, and expressions find none.
 */
export async function keepOutgoingBody(outgoing: Outgoing): Promise<void> {
  const { body, exchange } = outgoing;
  if (body === null || body instanceof Uint8Array) return;
  const bytes = await readUpTo(body, exchange.limits.maxBufferSize);
  if (bytes === undefined) return;
  exchange.body.replace(bytes);
  outgoing.body = bytes;
}

/** The whole stream, or undefined when it is longer; what was read of it is then put back. */
function readUpTo(stream: Readable, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (done: () => void): void => {
      stream.off("data", onData);
      stream.off("end", onEnd);
      stream.off("error", onError);
      done();
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= limit) return;
      settle(() => {
        stream.pause();
        stream.unshift(Buffer.concat(chunks));
        resolve(undefined);
      });
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const onError = (error: Error): void => settle(() => reject(error));
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("error", onError);
    stream.resume(); // somebody with another limit may have read the beginning, and paused it
  });
}
