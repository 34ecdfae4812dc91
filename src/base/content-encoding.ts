import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";

/** A body whose Content-Encoding cannot be undone. */
export class ContentEncodingError extends Error {
  readonly reason: "unknown" | "layers" | "invalid" | "too_large";

  constructor(reason: ContentEncodingError["reason"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ContentEncodingError";
    this.reason = reason;
  }
}

type Decompress = (bytes: Uint8Array, limit: number) => Promise<Buffer>;

const run = {
  gunzip: promisify(gunzip),
  inflate: promisify(inflate),
  inflateRaw: promisify(inflateRaw),
  brotli: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

const decompressors: Readonly<Record<string, Decompress>> = {
  gzip: (bytes, limit) => run.gunzip(bytes, { maxOutputLength: limit }),
  "x-gzip": (bytes, limit) => run.gunzip(bytes, { maxOutputLength: limit }),
  // RFC 9110 section 8.4.1.2: "deflate" is the zlib format, and some senders leave its header out.
  deflate: (bytes, limit) => (isZlib(bytes) ? run.inflate : run.inflateRaw)(bytes, { maxOutputLength: limit }),
  br: (bytes, limit) => run.brotli(bytes, { maxOutputLength: limit }),
  zstd: (bytes, limit) => run.zstd(bytes, { maxOutputLength: limit }),
};

/** Nobody wraps a body more than once; each layer costs a whole decompression. */
const maxLayers = 2;

/** Whether a Content-Encoding value leaves the bytes as they are. */
export function isIdentity(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || contentEncoding === "" || contentEncoding.toLowerCase() === "identity";
}

/**
 * Undoes a Content-Encoding (RFC 9110 section 8.4): gzip, deflate, br, zstd. Runs on zlib's threads.
 * @param limit bytes of output; a body that grows past it fails, so a small bomb stays small
 * @throws ContentEncodingError
 */
export async function decodeContent(bytes: Buffer, contentEncoding: string | undefined, limit: number): Promise<Buffer> {
  const layers = (contentEncoding ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (layers.length > maxLayers) {
    throw new ContentEncodingError("layers", `content-encoding has ${layers.length} layers; the limit is ${maxLayers}`);
  }
  let decoded = bytes;
  // the reply to HEAD names an encoding and has no bytes
  for (const name of layers.toReversed()) decoded = decoded.length === 0 ? decoded : await decodeLayer(decoded, name, limit);
  return decoded;
}

async function decodeLayer(bytes: Buffer, name: string, limit: number): Promise<Buffer> {
  const decompress = Object.hasOwn(decompressors, name) ? decompressors[name] : undefined;
  if (decompress === undefined) throw new ContentEncodingError("unknown", "content-encoding must be gzip, deflate, br, zstd or identity");
  try {
    return await decompress(bytes, limit);
  } catch (cause) {
    const isTooLarge = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    if (isTooLarge) throw new ContentEncodingError("too_large", `the decoded body exceeds ${limit} bytes`, cause);
    throw new ContentEncodingError("invalid", `the body is not valid ${name}`, cause);
  }
}

/** RFC 1950: the low nibble of the first byte is 8, and the first two bytes are a multiple of 31. */
function isZlib(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
