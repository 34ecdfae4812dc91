import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PushStream } from "./push-stream.ts";

interface Seen {
  readonly chunks: string[];
  room: boolean;
  ended: number;
  failed: Error | undefined;
}

function receiver(): Seen & { data(chunk: Uint8Array): boolean; end(): void; fail(error: Error): void } {
  return {
    chunks: [],
    room: true,
    ended: 0,
    failed: undefined,
    data(chunk) {
      this.chunks.push(Buffer.from(chunk).toString());
      return this.room;
    },
    end() {
      this.ended += 1;
    },
    fail(error) {
      this.failed = error;
    },
  };
}

const bytes = (text: string): Buffer => Buffer.from(text);

test("what was written before the reader came is read first, then the end", () => {
  const stream = new PushStream({ maxWaitingBytes: 100 });
  assert.equal(stream.write(bytes("a")), true);
  const seen = receiver();
  stream.start(seen);
  stream.write(bytes("b"));
  stream.end();
  stream.end();
  assert.deepEqual(seen.chunks, ["a", "b"]);
  assert.equal(seen.ended, 1);
  assert.equal(stream.write(bytes("c")), true);
});

test("a reader that is full gets nothing until it resumes, and the writer hears of the room once", () => {
  let rooms = 0;
  const stream = new PushStream({ maxWaitingBytes: 100, onRoom: () => (rooms += 1) });
  const seen = receiver();
  stream.start(seen);
  seen.room = false;
  assert.equal(stream.write(bytes("a")), false);
  assert.equal(stream.write(bytes("b")), false);
  stream.end();
  assert.deepEqual(seen.chunks, ["a"]);
  assert.equal(seen.ended, 0);
  seen.room = true;
  stream.resume();
  assert.deepEqual(seen.chunks, ["a", "b"]);
  assert.equal(seen.ended, 1);
  assert.equal(rooms, 1, "at the end: the source may have other readers");

  const other = new PushStream({ maxWaitingBytes: 100, onRoom: () => (rooms += 1) });
  seen.room = false;
  other.start(seen);
  other.write(bytes("c"));
  seen.room = true;
  other.resume();
  other.resume();
  assert.equal(rooms, 2);
});

test("a reader that stays behind the bound loses its stream, and the source is told", () => {
  const told: Error[] = [];
  const stream = new PushStream({ maxWaitingBytes: 4, onCancel: (reason) => told.push(reason) });
  const seen = receiver();
  seen.room = false;
  stream.start(seen);
  stream.write(bytes("a"));
  stream.write(bytes("1234"));
  assert.equal(seen.failed, undefined);
  assert.equal(stream.write(bytes("5")), true, "nobody is behind any more");
  assert.match(String(seen.failed), /too slow/);
  assert.equal(told.length, 1);
  assert.equal(stream.writable, false);
});

test("the bound counts what waits, not what went through", () => {
  const stream = new PushStream({ maxWaitingBytes: 4 });
  const seen = receiver();
  stream.start(seen);
  for (let i = 0; i < 10; i++) assert.equal(stream.write(bytes("123")), true);
  assert.equal(seen.failed, undefined);
});

test("a reader that leaves is told to the source once; later writes go nowhere", () => {
  const told: Error[] = [];
  const stream = new PushStream({ maxWaitingBytes: 4, onCancel: (reason) => told.push(reason) });
  const seen = receiver();
  stream.start(seen);
  stream.cancel(new Error("gone"));
  stream.cancel(new Error("gone again"));
  assert.equal(stream.write(bytes("a")), true);
  stream.end();
  assert.deepEqual(told.map(String), ["Error: gone"]);
  assert.deepEqual(seen, { ...seen, chunks: [], ended: 0, failed: undefined });
});

test("a stream that is over before anybody reads can be taken in one piece", () => {
  const stream = new PushStream({ maxWaitingBytes: 100 });
  stream.write(bytes("a"));
  assert.equal(stream.takeComplete(), undefined);
  stream.write(bytes("b"));
  stream.end();
  assert.equal(Buffer.from(stream.takeComplete() ?? []).toString(), "ab");
});

test("a failure reaches a reader that comes later", () => {
  const stream = new PushStream({ maxWaitingBytes: 100 });
  stream.write(bytes("a"));
  stream.fail(new Error("broke"));
  const seen = receiver();
  stream.start(seen);
  assert.deepEqual(seen.chunks, []);
  assert.match(String(seen.failed), /broke/);
});

test("fuzz: a reader gets what was written, in order and whole, or a failure; never more waits than may", () => {
  const step = fc.oneof(fc.nat(30), fc.constantFrom("pause", "resume", "start"));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom("end", "fail", "cancel"), (steps, how) => {
      const stream = new PushStream({ maxWaitingBytes: 100 });
      const seen = receiver();
      let started = false;
      let written = "";
      for (const [i, one] of steps.entries()) {
        if (one === "pause") seen.room = false;
        else if (one === "start" && !started) {
          started = true;
          stream.start(seen);
        } else if (one === "resume" && started) {
          seen.room = true;
          stream.resume();
        } else if (typeof one === "number" && stream.writable) {
          const text = String.fromCodePoint(97 + (i % 26)).repeat(one);
          written += text;
          stream.write(Buffer.from(text));
        }
        assert.ok(written.startsWith(seen.chunks.join("")));
        if (stream.writable) assert.ok(written.length - seen.chunks.join("").length <= 100);
      }
      if (how === "end") stream.end();
      else stream[how](new Error("over"));
      seen.room = true;
      if (!started) stream.start(seen);
      stream.resume();
      if (how === "end" && seen.failed === undefined) assert.deepEqual([seen.chunks.join(""), seen.ended], [written, 1]);
      else assert.equal(seen.ended, 0);
    }),
    { numRuns: 1_000 },
  );
});

test("a stream that is ended holds its source back no longer, read or not", () => {
  let rooms = 0;
  const stream = new PushStream({ maxWaitingBytes: 100, onRoom: () => (rooms += 1) });
  const seen = receiver();
  seen.room = false;
  stream.start(seen);
  assert.equal(stream.write(bytes("a")), false);
  stream.end();
  assert.equal(rooms, 1);
  stream.resume();
  assert.deepEqual([rooms, seen.ended], [1, 1]);
});
