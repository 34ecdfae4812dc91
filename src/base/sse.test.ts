import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SseParser } from "./sse.ts";

interface Seen {
  event: string;
  id: string;
  data: string;
}

function parse(chunks: readonly (string | Uint8Array)[], maxEventBytes = 1 << 20): { events: Seen[]; oversize: number; retries: number[] } {
  const events: Seen[] = [];
  const retries: number[] = [];
  let oversize = 0;
  const parser = new SseParser({
    maxEventBytes,
    onEvent: ({ event, id, data }) => events.push({ event, id, data }),
    onOversize: () => (oversize += 1),
    onRetry: (milliseconds) => retries.push(milliseconds),
  });
  for (const chunk of chunks) parser.feed(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return { events, oversize, retries };
}

const data = (text: string): Seen => ({ event: "message", id: "", data: text });

test("an event ends at a blank line and not before", () => {
  assert.deepEqual(parse(["data: one\n"]).events, []);
  assert.deepEqual(parse(["data: one\n\ndata: tw"]).events, [data("one")]);
});

test("LF, CR and CRLF all end lines, also split across chunks", () => {
  for (const end of ["\n", "\r", "\r\n"])
    assert.deepEqual(parse([`data: a${end}data: b${end}${end}data: c${end}${end}`]).events, [data("a\nb"), data("c")]);
  assert.deepEqual(parse(["data: a\r", "\n\r", "\ndata: b\r\n\r", "data: c\n\n"]).events, [data("a"), data("b"), data("c")]);
});

test("fields: event and id, one space dropped, comments and unknown fields ignored, no colon means an empty value", () => {
  assert.deepEqual(parse([": hello\nevent: ping\nid: 7\nfoo: bar\ndata:  two spaces\ndata\ndata:x\n\n"]).events, [
    { event: "ping", id: "7", data: " two spaces\n\nx" },
  ]);
  assert.deepEqual(parse(["database: no\ndat: no\n\n"]).events, []);
});

test("an id lives on until another one comes, and one with NUL is ignored", () => {
  assert.deepEqual(
    parse(["id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n"]).events.map(({ id }) => id),
    ["1", "1", "1", ""],
  );
});

test("an event without data is not dispatched, one with empty data is", () => {
  assert.deepEqual(parse(["event: x\nid: 5\n\ndata:\n\n"]).events, [{ event: "message", id: "5", data: "" }]);
});

test("a byte order mark at the start is skipped, elsewhere it is text", () => {
  assert.deepEqual(parse(["\uFEFFdata: a\n\n\uFEFFdata: b\n\n"]).events, [data("a")]);
  assert.deepEqual(parse([Buffer.from([0xef]), Buffer.from([0xbb]), Buffer.from([0xbf]), "data: a\n\n"]).events, [data("a")]);
});

test("retry takes digits only", () => {
  assert.deepEqual(parse(["retry: 1500\nretry: -1\nretry: 1e3\n\n"]).retries, [1500]);
});

test("an event over the limit is reported once and the next one is read", () => {
  const long = "x".repeat(100);
  for (const chunks of [
    [`data: ${long}\n\ndata: ok\n\n`],
    ["data: ", long, "\n", "\n", "data: ok\n\n"],
    ["data: a\n".repeat(20), "\ndata: ok\n\n"],
  ]) {
    assert.deepEqual(parse(chunks, 64), { events: [data("ok")], oversize: 1, retries: [] });
  }
});

test("what is held of an endless line stays within the limit", () => {
  const parser = new SseParser({ maxEventBytes: 1024, onEvent: () => assert.fail("no event can come") });
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2000; i++) parser.feed(Buffer.alloc(16_384, 0x61));
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
});

/** The specification's algorithm on whole text, as plainly as possible. */
function reference(text: string): Seen[] {
  const events: Seen[] = [];
  let event = "";
  let id = "";
  let lines: string[] = [];
  const ended = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  ended.pop();
  for (const line of ended) {
    if (line === "") {
      if (lines.length > 0) events.push({ event: event || "message", id, data: lines.join("\n") });
      event = "";
      lines = [];
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") lines.push(value);
    else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) id = value;
  }
  return events;
}

const piece = fc.oneof(
  fc.constantFrom("data", "event", "id", "retry", ":", ": ", " ", "\n", "\r", "\r\n", "\n\n", "\0", "\uFEFF", "é", "😀"),
  fc.string({ unit: "binary", maxLength: 6 }),
);

test("a line cut into single bytes is put together again", () => {
  const text = "é".repeat(3000);
  assert.deepEqual(parse(Array.from(Buffer.from(`data: ${text}\n\n`), (byte) => Uint8Array.of(byte))).events, [data(text)]);
});

test("fuzz: cut anywhere, any bytes, it agrees with the specification read plainly", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.array(fc.nat(400), { maxLength: 30 }), (pieces, cuts) => {
      const text = Buffer.from(pieces.join("")).toString("utf8");
      const bytes = Buffer.from(text);
      const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
      const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
      assert.deepEqual(parse(chunks).events, reference(text));
    }),
    { numRuns: 2000 },
  );
});

/** An event as a server would write it. */
interface SseFields {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
  /** Milliseconds. */
  readonly retry?: number;
}

/** The text of one event. `event` and `id` must hold no line end; line ends in `data` become further `data` lines. */
function formatSse(fields: SseFields): string {
  let text = "";
  if (fields.event !== undefined) text += `event: ${fields.event}\n`;
  if (fields.id !== undefined) text += `id: ${fields.id}\n`;
  if (fields.retry !== undefined) text += `retry: ${fields.retry}\n`;
  return `${text}data: ${/[\r\n]/.test(fields.data) ? fields.data.split(/\r\n|\r|\n/).join("\ndata: ") : fields.data}\n\n`;
}

test("fuzz: what a server writes is read back", () => {
  const word = fc.string({ maxLength: 8 }).map((text) => text.replace(/[\r\n\0]/g, ""));
  fc.assert(
    fc.property(word, word, fc.string({ unit: "grapheme", maxLength: 40 }), (event, id, text) => {
      const fields: SseFields = { event, id, data: text };
      assert.deepEqual(parse([formatSse(fields)]).events, [{ event: event || "message", id, data: text.replace(/\r\n?/g, "\n") }]);
    }),
  );
});
