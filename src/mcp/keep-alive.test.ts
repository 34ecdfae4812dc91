import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import fc from "fast-check";
import { HeaderList } from "../base/headers.ts";
import { PushStream } from "../base/push-stream.ts";
import { SseParser } from "../base/sse.ts";
import { isReplyStream, Reply, type ReplySink, type ReplyStream } from "../contract/reply.ts";
import { KeepAlive } from "./keep-alive.ts";

beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
afterEach(() => mock.timers.reset());

const intervalMs = 15_000;
const events = (body: Reply["body"]): Reply => new Reply(200, new HeaderList(["content-type", "text/event-stream"]), body);

/** What a client gets, and whether it has room for more. */
class Client implements ReplySink {
  text = "";
  over = "";
  room = true;

  data(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString("latin1");
    return this.room;
  }

  end(): void {
    this.over += "end";
  }

  fail(error: Error): void {
    this.over += error.message;
  }
}

function opened(keeper = new KeepAlive(intervalMs)) {
  const cancels: string[] = [];
  const source = new PushStream({ maxWaitingBytes: 1_000, onCancel: ({ message }) => void cancels.push(message) });
  const { body } = keeper.watch(events(source));
  assert.ok(isReplyStream(body));
  const client = new Client();
  body.start(client);
  return { source, body, client, cancels, send: (text: string) => source.write(Buffer.from(text, "latin1")) };
}

// shows: mcp-keep-alive
test("a silent stream gets a comment within 15 seconds, again and again, and none while it speaks", () => {
  const { client, send } = opened();
  mock.timers.tick(intervalMs);
  assert.equal(client.text, ":\n\n");
  mock.timers.tick(2 * intervalMs);
  assert.equal(client.text, ":\n\n".repeat(3));
  client.text = "";
  for (let second = 0; second < 60; second += 5) {
    send("data: 1\n\n");
    mock.timers.tick(5_000);
  }
  assert.equal(client.text, "data: 1\n\n".repeat(12));
});

test("nothing is put into an event that is begun, whatever its line ends", () => {
  for (const [begun, rest] of [
    ["data: 1", "\n\n"],
    ["data: 1\n", "\n"],
    ["data: 1\r\n", "\r\n"],
    ["data: 1\r\n\r\ndata: 2\r\n", "\r\n"],
    ["data: 1\r", "\r"],
    ["x", "\n\n"],
  ] as const) {
    const { client, send } = opened();
    send(begun);
    mock.timers.tick(2 * intervalMs);
    assert.equal(client.text, begun);
    send(rest);
    mock.timers.tick(intervalMs);
    assert.equal(client.text, `${begun}${rest}:\n\n`);
  }
});

test("fuzz: comments between any pieces of a stream change no event", () => {
  const line = fc.constantFrom("data: 1", "data: two", "id: 7", "event: x", ": hi", "retry: 5", "", "");
  const stream = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")), { maxLength: 12 }).map((lines) => lines.flat().join(""));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(6)), (text, cuts) => {
      const { client, send } = opened();
      let rest = text;
      for (const cut of cuts) {
        send(rest.slice(0, cut));
        rest = rest.slice(cut);
        mock.timers.tick(intervalMs);
      }
      send(rest);
      assert.deepEqual(eventsIn(client.text), eventsIn(text));
    }),
  );
});

function eventsIn(text: string): string[] {
  const found: string[] = [];
  const onEvent = ({ event, id, data }: { event: string; id: string; data: string }): void => void found.push(`${event} ${id} ${data}`);
  new SseParser({ maxEventBytes: 1_000, onEvent }).feed(Buffer.from(text));
  return found;
}

test("a client without room is left alone until it has some", () => {
  const { client, body, send } = opened();
  client.room = false;
  send("data: 1\n\n");
  mock.timers.tick(3 * intervalMs);
  assert.equal(client.text, "data: 1\n\n");
  client.room = true;
  body.resume();
  mock.timers.tick(intervalMs);
  assert.equal(client.text, "data: 1\n\n:\n\n");
});

test("what a client has no room for after a comment is not lost", () => {
  const { client, body, source, send } = opened();
  client.room = false;
  mock.timers.tick(intervalMs);
  send("data: 1\n\n");
  send("data: 2\n\n");
  source.end();
  client.room = true;
  body.resume();
  assert.deepEqual([client.text, client.over], [":\n\ndata: 1\n\ndata: 2\n\n", "end"]);
});

test("ends, failures and cancellations pass, and nothing comes after them", () => {
  const ended = opened();
  ended.source.end();
  const failed = opened();
  failed.source.fail(new Error("broke off"));
  const left = opened();
  left.body.cancel(new Error("client left"));
  mock.timers.tick(2 * intervalMs);
  assert.deepEqual([ended.client.over, failed.client.over, left.client.over], ["end", "broke off", ""]);
  assert.deepEqual([ended.client.text, failed.client.text, left.client.text], ["", "", ""]);
  assert.deepEqual(left.cancels, ["client left"]);
});

test("one timer for all streams, none when there are none", () => {
  const set = mock.method(globalThis, "setInterval");
  const clear = mock.method(globalThis, "clearInterval");
  const keeper = new KeepAlive(intervalMs);
  const streams = Array.from({ length: 1_000 }, () => opened(keeper));
  assert.equal(set.mock.callCount(), 1);
  mock.timers.tick(intervalMs);
  assert.ok(streams.every(({ client }) => client.text === ":\n\n"));
  for (const { source } of streams) source.end();
  assert.equal(clear.mock.callCount(), 0);
  mock.timers.tick(intervalMs);
  assert.equal(clear.mock.callCount(), 1);
  opened(keeper);
  assert.equal(set.mock.callCount(), 2);
  set.mock.restore();
  clear.mock.restore();
});

test("other replies are left as they are, and what is complete goes out in one piece", () => {
  const keeper = new KeepAlive(intervalMs);
  const stream: ReplyStream = new PushStream({ maxWaitingBytes: 1 });
  const json = new Reply(200, new HeaderList(["content-type", "application/json"]), stream);
  assert.equal(keeper.watch(json).body, stream);
  const failure = new Reply(500, new HeaderList(["content-type", "text/event-stream", "content-length", "1"]), stream);
  assert.equal(keeper.watch(failure).body, stream);
  const bytes = Buffer.from("data: 1\n\n");
  assert.equal(keeper.watch(events(bytes)).body, bytes);
  const whole = new PushStream({ maxWaitingBytes: 100 });
  whole.write(bytes);
  whole.end();
  const { body } = keeper.watch(events(whole));
  assert.equal(isReplyStream(body) && body.takeComplete?.(), bytes);
});
