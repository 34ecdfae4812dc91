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
