import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { ContentEncodingError, decodeContent, isIdentity } from "./content-encoding.ts";

const text = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello ".repeat(50) }] });
const plain = Buffer.from(text);

const failsWith =
  (...reasons: string[]) =>
  (error: unknown) =>
    error instanceof ContentEncodingError && reasons.includes(error.reason);

test("gzip, deflate with and without header, br and zstd are undone", async () => {
  const encoded: [string, Buffer][] = [
    ["gzip", gzipSync(plain)],
    ["X-GZIP", gzipSync(plain)],
    ["deflate", deflateSync(plain)],
    ["deflate", deflateRawSync(plain)],
    ["br", brotliCompressSync(plain)],
    ["zstd", zstdCompressSync(plain)],
    ["identity", plain],
    ["gzip, br", brotliCompressSync(gzipSync(plain))],
  ];
  for (const [name, bytes] of encoded) assert.equal((await decodeContent(bytes, name, 10_000)).toString(), text, name);
});

test("output over the limit is refused before it is made", async () => {
  const bomb = Buffer.alloc(50_000_000);
  for (const [name, bytes] of [
    ["gzip", gzipSync(bomb)],
    ["br", brotliCompressSync(bomb)],
    ["zstd", zstdCompressSync(bomb)],
    ["deflate", deflateSync(bomb)],
  ] as const) {
    await assert.rejects(decodeContent(bytes, name, 100_000), failsWith("too_large"), name);
  }
});

test("broken bytes, unknown names and towers of layers are told apart from plain bytes", async () => {
  for (const name of ["gzip", "deflate", "br", "zstd", "toString", "lzma", "gzip, gzip, gzip"]) {
    await assert.rejects(decodeContent(plain, name, 10_000), failsWith("invalid", "unknown", "layers"), name);
  }
});

test("identity", () => {
  assert.deepEqual([undefined, "", "identity", "Identity", "gzip"].map(isIdentity), [true, true, true, true, false]);
});

test("no bytes stay no bytes, whatever the encoding says", async () => {
  assert.deepEqual(await decodeContent(Buffer.alloc(0), "gzip", 10), Buffer.alloc(0));
});
