import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineReader } from "./line-reader.ts";

function reader(maxBytes: number): { lines: string[]; oversize: () => number; reader: LineReader } {
  const lines: string[] = [];
  let oversize = 0;
  const made = new LineReader(
    maxBytes,
    (line) => lines.push(line.toString()),
    () => (oversize += 1),
  );
  return { lines, oversize: () => oversize, reader: made };
}

test("fuzz: lines come out however the bytes are cut; empty ones do not", () => {
  const texts = fc.array(fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, " ")));
  fc.assert(
    fc.property(texts, fc.constantFrom("\n", "\r\n"), fc.nat(9), (texts, lineEnd, cut) => {
      const { lines, reader: made } = reader(1_000);
      const bytes = Buffer.from(texts.map((text) => text + lineEnd).join(""));
      for (let at = 0; at < bytes.length; at += cut + 1) made.feed(bytes.subarray(at, at + cut + 1));
      assert.deepEqual(
        lines,
        texts.filter((text) => text !== ""),
      );
    }),
  );
});

test("what no line feed ended is no line", () => {
  const { lines, reader: made } = reader(100);
  made.feed(Buffer.from("a\nb"));
  assert.deepEqual(lines, ["a"]);
});

test("a line over the bound is told once, and nothing is read after it", () => {
  const { lines, oversize, reader: made } = reader(4);
  made.feed(Buffer.from("1234\n12"));
  made.feed(Buffer.from("345"));
  made.feed(Buffer.from("6\nab\n"));
  assert.deepEqual(lines, ["1234"]);
  assert.equal(oversize(), 1);
});

test("fuzz: of any bytes it reads the lines up to the first one over the bound, and tells that once", () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom("\n", "\r\n", "\r"), fc.string({ maxLength: 12 })), { maxLength: 20 });
  fc.assert(
    fc.property(bytes, fc.nat(9), fc.integer({ min: 1, max: 20 }), (parts, cut, maxBytes) => {
      const { lines, oversize, reader: made } = reader(maxBytes);
      const stream = Buffer.from(parts.join("").replaceAll(/[^\n\r -~]/g, "?"));
      for (let at = 0; at < stream.length; at += cut + 1) made.feed(stream.subarray(at, at + cut + 1));
      const all = stream.toString().split("\n");
      const unfinished = all.pop() as string;
      // one more byte may be the carriage return that ends a line
      const over = all.findIndex((line) => line.length > maxBytes + 1);
      const read = (over === -1 ? all : all.slice(0, over)).map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
      if (oversize() === 0) assert.deepEqual(lines, read);
      else {
        assert.equal(oversize(), 1);
        assert.ok(over !== -1 || unfinished.length > maxBytes || all.some((line) => line.length > maxBytes));
        assert.deepEqual(lines, read.slice(0, lines.length));
      }
      for (const line of lines) assert.ok(line.length <= maxBytes + 1);
    }),
    { numRuns: 500 },
  );
});
