import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ReplySink, ReplyStream } from "../../contract/reply.ts";
import { SseParser } from "../../base/sse.ts";
import { GuardedEvents } from "./guarded-events.ts";

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
    this.cancelled = reason;
  }
  data(text: string): boolean {
    return this.sink?.data(Buffer.from(text)) ?? false;
  }
}

class Client implements ReplySink {
  readonly seen: string[] = [];
  room = true;
  outcome: string | undefined;
  private readonly parser = new SseParser({ maxEventBytes: 10_000, onEvent: ({ data }) => this.seen.push(data) });
  data(chunk: Uint8Array): boolean {
    this.parser.feed(chunk);
    return this.room;
  }
  end(): void {
    this.outcome = `${this.outcome ?? ""}end`;
  }
  fail(error: Error): void {
    this.outcome = `${this.outcome ?? ""}${error.message}`;
  }
}

interface Setup {
  readonly source: Source;
  readonly client: Client;
  readonly events: GuardedEvents;
  /** Gives the word that the oldest message waits for. */
  readonly decide: (text: string) => Promise<void>;
}

/** Messages that begin with `?` have to wait. */
function setUp(maxMessageBytes = 1_000): Setup {
  const [source, client] = [new Source(), new Client()];
  const waiting: ((bytes: Buffer) => void)[] = [];
  const check = (message: Buffer): Promise<Buffer> | undefined =>
    message[0] === 0x3f ? new Promise<Buffer>((resolve) => void waiting.push(resolve)) : undefined;
  const events = new GuardedEvents(source, { check, maxMessageBytes });
  events.start(client);
  const decide = async (text: string): Promise<void> => {
    waiting.shift()?.(Buffer.from(text));
    await new Promise(setImmediate);
  };
  return { source, client, events, decide };
}

test("what waits holds back the source and everything behind it, and nothing before it", async () => {
  const { source, client, decide } = setUp();
  assert.equal(source.data("data: a\n\n"), true);
  assert.equal(source.data("data: ?b\n\ndata: c\n\ndata: ?d\n\ndata: e\n\n"), false);
  assert.deepEqual(client.seen, ["a"]);
  await decide("B");
  assert.deepEqual([client.seen, source.resumed], [["a", "B", "c"], 0]);
  await decide("D");
  assert.deepEqual([client.seen, source.resumed], [["a", "B", "c", "D", "e"], 1]);
});

test("a source that ended or broke off while something waits has ended after that", async () => {
  for (const [finish, outcome] of [
    [(source: Source) => source.sink?.end(), "end"],
    [(source: Source) => source.sink?.fail(new Error("broken")), "broken"],
  ] as const) {
    const { source, client, decide } = setUp();
    source.data("data: ?a\n\ndata: b\n\n");
    finish(source);
    assert.equal(client.outcome, undefined);
    await decide("A");
    assert.deepEqual([client.seen, client.outcome], [["A", "b"], outcome]);
  }
});

test("a client without room is not sent more than was decided, and asks for more itself", async () => {
  const { source, client, events, decide } = setUp();
  client.room = false;
  source.data("data: ?a\n\n");
  events.resume();
  assert.equal(source.resumed, 0); // a message still waits
  await decide("A");
  assert.equal(source.resumed, 0);
  events.resume();
  assert.equal(source.resumed, 1);
});

test("a client that left gets nothing more, and the source is told", async () => {
  const { source, client, events, decide } = setUp();
  source.data("data: ?a\n\ndata: b\n\n");
  events.cancel(new Error("left"));
  await decide("A");
  source.data("data: c\n\n");
  source.sink?.end();
  assert.deepEqual([client.seen, client.outcome, source.cancelled?.message], [[], undefined, "left"]);
});

test("too large a message, or too many behind one that waits, end the stream", () => {
  for (const text of [`data: ${"x".repeat(200)}\n\n`, `data: ?a\n\n${"data: 0123456789012345678\n\n".repeat(20)}`]) {
    const { source, client } = setUp(100);
    source.data(text);
    assert.match(client.outcome ?? "", /^upstream response too large/);
    assert.ok(source.cancelled);
  }
});

test("order and content stay, wherever the chunks are cut and whatever waits", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 8 }), async (waits, cuts) => {
      const { source, client, decide } = setUp();
      const text = waits.map((wait, i) => `data: ${wait ? "?" : ""}${i}\n\n`).join("");
      const places = [0, ...cuts.filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length];
      for (let i = 1; i < places.length; i++) source.data(text.slice(places[i - 1], places[i]));
      source.sink?.end();
      for (const [i, wait] of waits.entries()) if (wait) await decide(String(i));
      assert.deepEqual(
        client.seen,
        waits.map((_, i) => String(i)),
      );
      assert.equal(client.outcome, "end");
    }),
    { numRuns: 60 },
  );
});
