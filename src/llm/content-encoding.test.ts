import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { GatewayError } from "../contract/errors.ts";
import { decodeRequestContent } from "./content-encoding.ts";

const failsWith = (code: string, status: number) => (error: unknown) =>
  error instanceof GatewayError && error.status === status && JSON.parse(error.details.body?.text ?? "{}").error.code === code;

test("what cannot be undone is the client's fault, in the API's own error shape", async () => {
  const plain = Buffer.alloc(1000, "x");
  assert.deepEqual(await decodeRequestContent(gzipSync(plain), "gzip", 1000), plain);
  await assert.rejects(decodeRequestContent(gzipSync(plain), "gzip", 999), failsWith("request_body_too_large", 413));
  await assert.rejects(decodeRequestContent(plain, "gzip", 1000), failsWith("request_body_decode_failed", 400));
});
