import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SseParser } from "../base/sse.ts";
import type { ReplySink, ReplyStream } from "../contract/reply.ts";
import { EventRelay, eventOf, JsonAsEvent, mayHaveMethod, withoutLineEnds } from "./event-stream.ts";

/** A source that is fed by hand, and notes what it is told. */
class Source implements ReplyStream {
  sink: ReplySink | undefined;
  resumed = 0;
  cancelled: Error | undefined;

  start(sink: ReplySink): void {
    this.sink = sink;
  }

  resume(): void {
    this.resumed += 1;
  }

  cancel(reason: Error): void {
    this.cancelled ??= reason;
  }
}

class Collector implements ReplySink {
  text = "";
  ends = 0;
  failure: Error | undefined;
  room = true;

  data(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString();
    return this.room;
  }

  end(): void {
    this.ends += 1;
  }

  fail(error: Error): void {
    this.failure = error;
  }
}

function relayed(transform: (message: Buffer) => Buffer | undefined = (message) => message, maxMessageBytes = 10_000) {
  const source = new Source();
  const collector = new Collector();
  let ends = 0;
  const relay = new EventRelay(source, { transform, maxMessageBytes, onEnd: () => (ends += 1) });
  relay.start(collector);
  return { source, collector, relay, ends: () => ends };
}

test("an event is a `message` event on one line, whatever the JSON looked like", () => {
  assert.equal(eventOf(Buffer.from('{"a":1}')).toString(), 'event: message\ndata: {"a":1}\n\n');
  assert.equal(eventOf(Buffer.from('{\r\n "a": "x\\n"\n}')).toString(), 'event: message\ndata: {   "a": "x\\n" }\n\n');
  const flat = Buffer.from('{"a":1}');
  assert.equal(withoutLineEnds(flat), flat);
});

test("responses are told from the rest without parsing", () => {
  assert.equal(mayHaveMethod(Buffer.from('{"method":"ping"}')), true);
  assert.equal(mayHaveMethod(Buffer.from(JSON.stringify({ result: { text: 'say "method": "ping"' } }))), false);
});

test("messages are changed or dropped one by one; ids stay, by which a client comes back for the rest", () => {
  const { source, collector } = relayed((message) => (message.includes("no") ? undefined : Buffer.from(`<${message.toString()}>`)));
  source.sink?.data(Buffer.from("id: 1\ndata:\n\ndata: a\n\ndata: no\n\nda"));
  source.sink?.data(Buffer.from("ta: b\n\n"));
  source.sink?.end();
  assert.equal(collector.text, "id: 1\ndata: \n\nevent: message\ndata: <a>\n\nevent: message\ndata: <b>\n\n");
  assert.equal(collector.ends, 1);
});

test("a comment keeps the client's connection alive as well", () => {
  const { source, collector } = relayed();
  source.sink?.data(Buffer.from(": ping\n\n"));
  assert.equal(collector.text, ":\n\n");
});

test("back-pressure goes to the source, and so does its end", () => {
  const { source, collector, relay } = relayed();
  collector.room = false;
  assert.equal(source.sink?.data(Buffer.from("data: a\n\n")), false);
  collector.room = true;
  relay.resume();
  assert.equal(source.resumed, 1);
  assert.equal(source.sink?.data(Buffer.from("data: b\n\n")), true);
});

test("whatever ends it, it ends once", () => {
  for (const end of ["end", "fail", "cancel", "oversize", "throw"] as const) {
    const { source, collector, relay, ends } = relayed((message) => {
      if (message.includes("throw")) throw new Error("thrown");
      return message;
    }, 100);
    if (end === "end") source.sink?.end();
    if (end === "fail") source.sink?.fail(new Error("broke"));
    if (end === "cancel") relay.cancel(new Error("left"));
    if (end === "oversize") source.sink?.data(Buffer.from(`data: ${"x".repeat(200)}\n\n`));
    if (end === "throw") source.sink?.data(Buffer.from("data: throw\n\n"));
    source.sink?.fail(new Error("late"));
    source.sink?.end();
    assert.equal(ends(), 1, end);
    assert.equal(collector.ends + (collector.failure === undefined ? 0 : 1), 1, end);
    assert.equal(source.cancelled !== undefined, end !== "end" && end !== "fail", end);
    const { text } = collector;
    source.sink?.data(Buffer.from("data: more\n\n"));
    assert.equal(collector.text, text, end);
  }
});

test("a JSON document becomes an event while it arrives", () => {
  const source = new Source();
  const collector = new Collector();
  new JsonAsEvent(source).start(collector);
  source.sink?.data(Buffer.from('{\n"a"'));
  source.sink?.data(Buffer.from(":1}"));
  source.sink?.end();
  assert.equal(collector.text, 'event: message\ndata: { "a":1}\n\n');
});

test("fuzz: messages arrive whole and in order however the stream is cut", () => {
  const messages = fc.array(
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(messages, fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat(20), { minLength: 1 }), (texts, lineEnd, cuts) => {
      const { source, collector } = relayed();
      const stream = Buffer.from(texts.map((text) => `id: 1${lineEnd}data: ${text}${lineEnd}${lineEnd}`).join(""));
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = (cuts[i % cuts.length] ?? 0) + 1;
        source.sink?.data(stream.subarray(at, at + size));
        at += size;
      }
      source.sink?.end();
      // a chunk that starts with a colon is taken for a comment, which does no harm between events
      const events = collector.text.replaceAll(":\n\n", "");
      assert.equal(events, texts.map((text, index) => `${index === 0 ? "id: 1\n" : ""}event: message\ndata: ${text}\n\n`).join(""));
    }),
    { numRuns: 300 },
  );
});

test("fuzz: any bytes of a server come out as events of the gateway's form, or break the stream off", () => {
  const line = fc.oneof(
    fc.constantFrom("data: {}", "data:", ":", "", "event: endpoint", "retry: 1", `retry: ${"9".repeat(30)}`, "id: \0", "id: 7", "id:"),
    fc.string({ maxLength: 40 }),
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    fc.array(line).map((lines) => Buffer.from(lines.join("\n"))),
  );
  fc.assert(
    fc.property(bytes, fc.nat(50), (stream, cut) => {
      const { source, collector, ends } = relayed(undefined, 60);
      source.sink?.data(stream.subarray(0, cut));
      source.sink?.data(stream.subarray(cut));
      source.sink?.end();
      assert.equal(ends(), 1);
      const parser = new SseParser({ maxEventBytes: 1_000, onEvent: ({ event }) => assert.equal(event, "message") });
      parser.feed(Buffer.from(collector.text));
      assert.match(collector.text, /^(?:(?:id: [^\n\r]*\n)?(?:event: message\n)?data: [^\n\r]*\n\n|retry: \d+\n\n|:\n\n)*$/);
    }),
    { numRuns: 1_000 },
  );
});
