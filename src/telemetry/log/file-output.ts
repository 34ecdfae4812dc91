import { write } from "node:fs";
import type { LogOutput } from "./line-writer.ts";

/** Pause before a non-blocking output that is full is tried again, milliseconds. */
const retryAfterMs = 10;

/**
 * Writes to an open file descriptor (1 = standard output) from the thread pool. `process.stdout` would block the event
 * loop while it is a pipe whose reader is slow.
 */
export function fileOutput(descriptor: number): LogOutput {
  return {
    write(text, done) {
      writeAll(descriptor, Buffer.from(text), done);
    },
  };
}

function writeAll(descriptor: number, bytes: Buffer, done: (error?: Error | null) => void): void {
  write(descriptor, bytes, (error, written) => {
    if (error?.code === "EAGAIN") setTimeout(() => writeAll(descriptor, bytes, done), retryAfterMs);
    else if (error !== null) done(error);
    else if (written < bytes.length) writeAll(descriptor, bytes.subarray(written), done);
    else done();
  });
}
