import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { errorCode, exchangeFor, type TestRequest } from "../../test/llm/harness.ts";
import { decodeRequest } from "./decode-request.ts";

const decode = (request: TestRequest, type: Parameters<typeof decodeRequest>[1] = "completions", needsModel = true) =>
  decodeRequest(exchangeFor(request), type, needsModel);

const refused = (code: string) => (thrown: unknown) => {
  assert.equal(errorCode(thrown), code);
  return true;
};

test("a JSON body: model, bytes as they came", async () => {
  const exchange = exchangeFor({ body: '{ "model":"gpt-5" , "x":1}' });
  const decoded = await decodeRequest(exchange, "completions", true);
  assert.equal(decoded.model, "gpt-5");
  assert.equal(decoded.format?.name, "completions");
  assert.equal(decoded.bytes, exchange.body.collected);
  assert.equal(decoded.bytes?.toString(), '{ "model":"gpt-5" , "x":1}');
});

test("a compressed body is read, and passed on plain", async () => {
  for (const [encoding, compress] of [
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    const exchange = exchangeFor({ headers: { "content-encoding": encoding }, body: compress(Buffer.from('{"model":"m"}')) });
    const decoded = await decodeRequest(exchange, "completions", true);
    assert.equal(decoded.model, "m");
    assert.equal(exchange.body.collected?.toString(), '{"model":"m"}');
    assert.equal(exchange.request.headers.has("content-encoding"), false);
    assert.equal(exchange.incoming.headers.get("content-encoding"), encoding);
  }
});

test("bodies over the limit, as sent or once unpacked", async () => {
  const body = { model: "m", text: "x".repeat(2000) };
  await assert.rejects(decode({ body, maxBufferSize: 1000 }), refused("413 request_body_too_large"));
  const bomb = gzipSync(Buffer.from(JSON.stringify(body)));
  await assert.rejects(
    decode({ body: bomb, headers: { "content-encoding": "gzip" }, maxBufferSize: 1000 }),
    refused("413 request_body_too_large"),
  );
});

test("what cannot be routed is refused with the reference's codes", async () => {
  await assert.rejects(decode({ method: "GET" }), refused("400 invalid_request_body"));
  await assert.rejects(decode({ body: "[1]" }), refused("400 invalid_request_body"));
  await assert.rejects(decode({ body: "{" }), refused("400 invalid_request_body"));
  await assert.rejects(decode({ body: {} }), refused("400 missing_model"));
  for (const model of [5, null, "", "x".repeat(300)]) await assert.rejects(decode({ body: { model } }), refused("400 invalid_model"));
  await assert.rejects(decode({ body: "x", headers: { "content-encoding": "gzip" } }), refused("400 request_body_decode_failed"));
});

test("two models in one body are refused, whoever reads which", async () => {
  for (const body of [
    '{"model":"a","model":"b"}',
    '{"model":"a","\\u006dodel":"b"}',
    '{"model":"a","Model":"b"}',
    '{"MODEL":"b","model":"a"}',
  ]) {
    await assert.rejects(decode({ body }), refused("400 invalid_request_body"), body);
  }
  const decoded = await decode({ body: { model: "a", tools: [{ properties: { model: { model: "x" } } }], text: '"model":"b" \u00e9' } });
  assert.equal(decoded.model, "a");
  assert.equal((await decode({ body: '{"\\u006dodel":"a"}' })).model, "a");
});

test("the model of a path goes before the body's", async () => {
  const path = "/v1/publishers/anthropic/models/claude-opus-4-5:rawPredict";
  const decoded = await decode({ path, body: { anthropic_version: "vertex-2023-10-16" } }, "messages");
  assert.equal(decoded.model, "claude-opus-4-5");
  assert.equal(decoded.pathModel, "claude-opus-4-5");
});

test("counting Claude's tokens on Vertex AI: the path has no model, the body has", async () => {
  const path = "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict";
  const decoded = await decode({ path, body: { model: "claude-opus-4-5", messages: [] } }, "messages");
  assert.equal(decoded.type, "anthropicTokenCount");
  assert.equal(decoded.model, "claude-opus-4-5");
  assert.equal(decoded.pathModel, undefined);
});

test("a form names its model in a field", async () => {
  const form = (...models: string[]): TestRequest => ({
    path: "/v1/audio/transcriptions",
    headers: { "content-type": "multipart/form-data; boundary=B" },
    body: `${models.map((model) => `--B\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n`).join("")}--B--\r\n`,
  });
  assert.equal((await decode(form("whisper-1"), "passthrough")).model, "whisper-1");
  await assert.rejects(decode(form(), "passthrough"), refused("400 missing_model"));
  await assert.rejects(decode(form("a", "b"), "passthrough"), refused("400 invalid_request_body"));
  await assert.rejects(decode({ ...form("a"), body: "--C" }, "passthrough"), refused("400 invalid_request_body"));
});

test("where the configuration may choose the model, a request need not name one", async () => {
  assert.equal((await decode({ body: {} }, "completions", false)).model, "");
  assert.equal((await decode({ body: "not json" }, "detect", false)).model, "");
  await assert.rejects(decode({ body: "not json" }, "completions", false), refused("400 invalid_request_body"));
});

test("a Gemini stream without alt=sse is refused in Google's shape", async () => {
  const path = "/v1beta/models/gemini:streamGenerateContent";
  await assert.rejects(decode({ path, body: {} }, "generateContent"), (thrown: { details?: { body?: { text: string } } }) => {
    assert.equal(JSON.parse(thrown.details?.body?.text ?? "").error.status, "INVALID_ARGUMENT");
    return true;
  });
  assert.equal((await decode({ path, search: "?key=k&alt=sse", body: {} }, "generateContent")).model, "gemini");
});

test("fuzz: any bytes are either read or refused with a 4xx", async () => {
  const piece = fc.oneof(fc.constantFrom('{"model":', '"m"', "}", ",", '"Model"', "\\u006d", "--B", "\r\n"), fc.string({ maxLength: 5 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom("completions", "detect", "passthrough"),
      fc.boolean(),
      async (pieces, type, needsModel) => {
        try {
          const { model } = await decode({ body: pieces.join("") }, type, needsModel);
          assert.equal(typeof model, "string");
        } catch (thrown) {
          assert.match(errorCode(thrown), /^4\d\d /);
        }
      },
    ),
    { numRuns: 500 },
  );
});
