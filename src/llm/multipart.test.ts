import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { multipartBoundary, multipartFields } from "./multipart.ts";

const part = (disposition: string, value: string): string => `Content-Disposition: form-data; ${disposition}\r\n\r\n${value}`;
const body = (...parts: string[]): Buffer => Buffer.from(`${parts.map((text) => `--B\r\n${text}\r\n`).join("")}--B--\r\n`);

test("the boundary of a content type", () => {
  assert.equal(multipartBoundary("multipart/form-data; boundary=abc"), "abc");
  assert.equal(multipartBoundary('Multipart/Form-Data; charset=utf-8; boundary="a b:c"'), "a b:c");
  for (const bad of [
    undefined,
    "application/json",
    "multipart/form-data",
    "multipart/mixed; boundary=a",
    'multipart/form-data; boundary="a "',
    `multipart/form-data; boundary=${"x".repeat(71)}`,
  ]) {
    assert.equal(multipartBoundary(bad), undefined);
  }
});

test("the field is found wherever it stands, with more headers, padding and a preamble", () => {
  const file = part('name="file"; filename="a.wav"', "\0\r\n--Bogus\r\n\xff");
  assert.deepEqual(multipartFields(body(file, part('name="model"', "whisper-1")), "B", "model"), ["whisper-1"]);
  assert.deepEqual(multipartFields(body(`Content-Type: text/plain\r\n${part("name=model", "m")}`), "B", "model"), ["m"]);
  assert.deepEqual(multipartFields(Buffer.concat([Buffer.from("preamble\r\n"), body(part('name="model"', "m"))]), "B", "model"), ["m"]);
  assert.deepEqual(multipartFields(Buffer.from(`--B \t\r\n${part('name="model"', "m")}\r\n--B--`), "B", "model"), ["m"]);
});

test("no such field, a file of that name, a value without end or far too long", () => {
  assert.deepEqual(multipartFields(body(part('name="other"', "m")), "B", "model"), []);
  assert.deepEqual(multipartFields(body(part('name="model"; filename="x"', "m")), "B", "model"), []);
  assert.deepEqual(multipartFields(body(part('name="model"', "a"), part('name="model"', "b")), "B", "model"), ["a", "b"]);
  assert.deepEqual(multipartFields(Buffer.from(`--B\r\n${part('name="model"', "m")}`), "B", "model"), undefined);
  assert.deepEqual(multipartFields(body(part('name="model"', "m".repeat(2000))), "B", "model"), undefined);
  assert.deepEqual(multipartFields(Buffer.alloc(0), "B", "model"), undefined);
});

test("fuzz: what FormData writes is read, whatever else is in the form", async () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/).filter((text) => text !== "model");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, fc.string({ maxLength: 30 }), fc.boolean())),
      fc.nat(10),
      fc.stringMatching(/^[!-~]{0,40}$/),
      async (fields, place, model) => {
        const form = new FormData();
        const set = (): void => form.append("model", model);
        for (const [index, [key, value, file]] of fields.entries()) {
          if (index === place) set();
          form.append(key, file ? new Blob([value]) : value);
        }
        if (place >= fields.length) set();
        const request = new Response(form);
        const boundary = multipartBoundary(request.headers.get("content-type") ?? "");
        assert.ok(boundary !== undefined);
        assert.deepEqual(multipartFields(Buffer.from(await request.arrayBuffer()), boundary, "model"), [model]);
      },
    ),
    { numRuns: 100 },
  );
});

test("fuzz: any bytes are read without failing", () => {
  const piece = fc.constantFrom("--B", "\r\n", "\r\n\r\n", "--", "Content-Disposition: form-data;", 'name="model"', "\0", "x");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const found = multipartFields(Buffer.from(pieces.join("")), "B", "model");
      assert.ok(found === undefined || found.every((value) => !/\r\n--B(?:\r\n|--)/.test(value)));
    }),
    { numRuns: 2000 },
  );
});
