import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Exchange } from "../../src/contract/exchange.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { BindSocket } from "../../src/contract/runtime.ts";
import { toReply } from "../../src/pipeline/compose.ts";
import { type OpenBind, openBind } from "../../src/server/listen.ts";
import type { Received, Served } from "../../src/server/receive.ts";
import { openRaw, sendRaw } from "./raw-client.ts";

const settings: BindSocket = {
  maxHeaders: 20,
  idleTimeoutMs: 60_000,
  headersTimeoutMs: 600,
  maxConnectionMs: undefined,
  keepAlive: undefined,
  tls: undefined,
};
const served: string[] = [];
let bind: OpenBind;

function serve(received: Received): Served {
  const exchange = new Exchange({
    connection: received.connection,
    listener: { bind: "b", gateway: "g", listener: "l" },
    request: received.head,
    body: received.body,
    httpVersion: received.httpVersion,
    limits: { maxBufferSize: 1000 },
    startedAt: 0,
    startedMonotonic: 0,
  });
  const echo = async (): Promise<Reply> => {
    const bytes = await received.body.collect(1000);
    served.push(received.head.path);
    return Reply.json(200, {
      path: received.head.path,
      search: received.head.search,
      host: received.head.authority,
      body: bytes.toString(),
    });
  };
  const reply =
    received.refusal === undefined
      ? echo().catch((error: unknown) => toReply(exchange, error))
      : Promise.resolve(toReply(exchange, received.refusal));
  return { exchange, reply, replied: () => {}, finish: () => {} };
}

before(async () => {
  const hooks = { serve, admits: () => true, connected: () => {}, disconnected: () => {}, handshake: () => {} };
  bind = await openBind({ host: "127.0.0.1", port: 0 }, settings, hooks);
});
after(() => bind.drain(100));

const refused: [name: string, request: string, status: number][] = [
  [
    "Content-Length and Transfer-Encoding",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
  ],
  ["two different Content-Lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400],
  ["two equal Content-Lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400],
  ["a list of Content-Lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400],
  ["a signed Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400],
  ["an unknown transfer coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400],
  ["a hidden transfer coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["a Host with user info", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400],
  ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["a bare CR in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400],
  ["a NUL in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400],
  ["a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400],
  ["a bad header name", "GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", 400],
  ["a bad chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
  ["dot segments above the root", "GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["escaped dot segments above the root", "GET /%2e%2e/etc HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a broken escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a backslash", "GET /a\\..\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["too many headers", `GET / HTTP/1.1\r\nHost: a\r\n${"X: 1\r\n".repeat(30)}\r\n`, 431],
  ["too large headers", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(70_000)}\r\n\r\n`, 431],
  ["no HTTP at all", "\x16\x03\x01\x02\x00", 400],
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405],
];

for (const [name, request, status] of refused) {
  test(`refuses ${name}`, async () => {
    const before = served.length;
    const reply = await sendRaw(bind.port, request);
    assert.equal(reply.status, status, reply.text);
    assert.ok(reply.closed, "the connection must not be used again");
    assert.equal(served.length, before, "nothing may reach the pipeline");
    assert.doesNotMatch(reply.text, /at .*\.ts|node:internal|Error:/, "no stack in a reply");
  });
}

test("closes a connection whose headers take too long", async () => {
  const socket = await openRaw(bind.port);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n");
  const started = performance.now();
  const text = await new Promise<string>((resolve) => {
    let received = "";
    socket.on("data", (chunk) => (received += String(chunk)));
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.ok(performance.now() - started < 5_000);
});

test("the body limit answers 413 and does not read on", async () => {
  const reply = await sendRaw(bind.port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n${"x".repeat(100)}`);
  assert.equal(reply.status, 413);
  assert.ok(reply.closed);
  const chunked = await sendRaw(
    bind.port,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${"x".repeat(2000)}\r\n`,
  );
  assert.equal(chunked.status, 413);
});

test("what is matched is what came, normalised once; the query is untouched", async () => {
  const reply = await sendRaw(bind.port, "GET /a/./b/%7ec/%2f?x=%7e/../y HTTP/1.1\r\nHost: A.example\r\n\r\n");
  assert.match(reply.text, /"path":"\/a\/b\/~c\/%2F","search":"\?x=%7e\/\.\.\/y","host":"a\.example"/);
});

test("the absolute form's authority counts, and Expect: 100-continue is honoured", async () => {
  const absolute = await sendRaw(bind.port, "GET http://other.example/p?q HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(absolute.text, /"path":"\/p","search":"\?q","host":"other\.example"/);
  const waiting = await sendRaw(bind.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  assert.match(waiting.text, /^HTTP\/1\.1 100 Continue/);
});

test("two requests in one packet are answered in order", async () => {
  const one = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
  const reply = await sendRaw(bind.port, one + one.replace("/1", "/2"));
  assert.ok(reply.text.indexOf('"path":"/1"') < reply.text.indexOf('"path":"/2"'));
  assert.equal(reply.text.match(/HTTP\/1\.1 200/g)?.length, 2);
});
