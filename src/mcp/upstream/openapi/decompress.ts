import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";

type Decompress = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const unzip = promisify(gunzip) as Decompress;
const unwrapZlib = promisify(inflate) as Decompress;
const unwrapRaw = promisify(inflateRaw) as Decompress;

/** RFC 9110 section 8.4.1; "deflate" is the zlib format, whose header some senders leave out. */
const decompressors: Readonly<Record<string, Decompress>> = {
  gzip: unzip,
  "x-gzip": unzip,
  deflate: (bytes, options) => (((bytes[0] ?? 0) & 0x0f) === 8 ? unwrapZlib : unwrapRaw)(bytes, options),
  br: promisify(brotliDecompress) as Decompress,
  zstd: promisify(zstdDecompress) as Decompress,
};

/** Nobody wraps a body more than once; each layer costs a whole decompression. */
const maxLayers = 2;

/**
 * A reply's body as it was before its Content-Encoding. The gateway asks for none; some services compress all the same.
 * @param limit bytes of output
 * @throws Error when the encoding is not known, the body is not of it, or grows past the limit
 */
export async function decompress(bytes: Buffer, contentEncoding: string | undefined, limit: number): Promise<Buffer> {
  const layers = (contentEncoding ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (layers.length > maxLayers) throw new Error(`the reply has ${layers.length} content encodings on top of one another`);
  let decoded = bytes;
  for (const name of layers.toReversed()) decoded = decoded.length === 0 ? decoded : await decompressLayer(decoded, name, limit);
  return decoded;
}

async function decompressLayer(bytes: Buffer, name: string, limit: number): Promise<Buffer> {
  const run = Object.hasOwn(decompressors, name) ? decompressors[name] : undefined;
  if (run === undefined) throw new Error("the reply has a content encoding that is not known");
  try {
    return await run(bytes, { maxOutputLength: limit });
  } catch (cause) {
    const isTooLarge = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    throw new Error(isTooLarge ? `the decompressed reply is larger than ${limit} bytes` : `the reply is not valid ${name}`, { cause });
  }
}
