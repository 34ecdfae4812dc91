import type { Readable } from "node:stream";

/**
 * The bytes of a request. They arrive once: either somebody streams them on, or somebody collects them, after which
 * everybody (decoder, CEL, retry) reads the same buffer.
 */
export interface RequestBody {
  /** Bytes announced by Content-Length; 0 when there is no body; undefined when only the end of the stream will tell. */
  readonly length: number | undefined;
  /** The whole body once `collect` has settled, or once a policy replaced it; undefined before. */
  readonly collected: Buffer | undefined;
  /** What `record` has kept of a streamed body so far: its beginning, up to the limit. */
  readonly recorded: Buffer | undefined;
  /** Keeps the bytes that pass when the body is streamed, up to a limit, for expressions that run after the exchange. */
  record(limit: number): void;
  /**
   * Reads the whole body. Repeated calls share one read.
   * @param limit bytes; above it the call fails with GatewayError `body_too_large` and the body is left unread.
   */
  collect(limit: number): Promise<Buffer>;
  /** The body as a stream, for forwarding. Not to be called once it has been collected or streamed. */
  stream(): Readable;
  /** Replaces the bytes (transformations); later readers see these. */
  replace(bytes: Buffer): void;
}
