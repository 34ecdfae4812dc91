import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  bodyText,
  chunkedBody,
  compilePolicy,
  fields,
  run,
  runBackend,
  testContext,
  testExchange,
  type TestRequest,
} from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Outgoing } from "../../contract/outgoing.ts";
import { Reply } from "../../contract/reply.ts";
import { transformations } from "./index.ts";
import { keepOutgoingBody } from "../outgoing-body.ts";
import { setRequestPseudo } from "./pseudo-headers.ts";

async function onRequest(request: object, given: TestRequest = {}) {
  const { exchange } = await run(compilePolicy(transformations, { request }), testExchange(given));
  return exchange;
}

async function onReply(response: object, reply: () => Reply = () => new Reply(200)) {
  return (await run(compilePolicy(transformations, { response }), testExchange(), reply)).reply;
}

describe("transformations of requests", () => {
  const headers: [why: string, transform: object, expected: Record<string, string>][] = [
    ["appends", { add: { "X-A": '"2"' } }, { "x-a": "1 | 2", "x-b": "b" }],
    ["sets", { set: { "X-A": 'request.headers["x-b"] + "!"' } }, { "x-a": "b!", "x-b": "b" }],
    ["removes", { remove: ["X-A"] }, { "x-b": "b" }],
    ["writes numbers and bools as text", { set: { "x-a": "1 + 1", "x-b": "true" } }, { "x-a": "2", "x-b": "true" }],
    ["takes a header away whose value fails", { set: { "x-a": "jwt.sub" } }, { "x-b": "b" }],
    ["takes a header away that could not be appended to", { add: { "x-a": "jwt.sub" } }, { "x-b": "b" }],
    ["takes a header away whose value could not be sent", { set: { "x-a": '"1\\nx-evil: 1"' } }, { "x-b": "b" }],
    ["takes a header away whose value is no text", { set: { "x-a": "[1]" } }, { "x-b": "b" }],
    [
      "computes everything before it changes anything",
      { set: { "x-a": 'request.headers["x-b"]', "x-b": 'request.headers["x-a"]' } },
      { "x-a": "b", "x-b": "1" },
    ],
    [
      "replaces all headers first",
      { replace: '{"X-New": "n", "x-two": ["1", "2"], "bad name": "x", "host": "h", ":path": "/p"}', add: { "x-new": '"m"' } },
      { "x-new": "n | m", "x-two": "1 | 2" },
    ],
    ["replaces all headers by none when that fails", { replace: "jwt.headers" }, {}],
  ];
  for (const [why, transform, expected] of headers) {
    it(why, async () => {
      const exchange = await onRequest(transform, { headers: { "x-a": "1", "x-b": "b" } });
      assert.deepEqual(fields(exchange.request), expected);
      assert.deepEqual(fields(exchange.incoming), { "x-a": "1", "x-b": "b" });
    });
  }

  it("sets method, scheme, authority and path with its query", async () => {
    const { request, rewriteAuthority } = await onRequest({
      set: { ":method": '"PUT"', ":scheme": '"https"', ":authority": '"b.test:81"', ":path": '"/x/../y?q=" + request.method' },
    });
    assert.deepEqual(
      [request.method, request.scheme, request.authority, request.path, request.search, rewriteAuthority],
      ["PUT", "https", "b.test:81", "/y", "?q=GET", false],
    );
  });

  it("takes host for the authority", async () => {
    const { request, rewriteAuthority } = await onRequest({ set: { Host: '"b.test"' } });
    assert.deepEqual([request.authority, rewriteAuthority, request.headers.has("host")], ["b.test", false, false]);
  });

  it("leaves the request line alone for values that could not stand there", async () => {
    const { request, rewriteAuthority } = await onRequest({
      set: { ":method": '"GET /"', ":scheme": '"ftp"', ":authority": '"a b"', ":path": '"/../../etc"', ":status": "200" },
    });
    assert.deepEqual(
      [request.method, request.scheme, request.authority, request.path, rewriteAuthority],
      ["GET", "http", "gateway.test", "/", true],
    );
  });

  const bodies: [expression: string, expected: string][] = [
    ['"new"', "new"],
    ["request.body + request.body", "oldold"],
    ['{"wrapped": request.body, "n": [1, 2.5, null]}', '{"wrapped":"old","n":[1,2.5,null]}'],
    ['b"\\x00\\xff"', Buffer.from([0, 255]).toString()],
    ["jwt.sub", ""],
  ];
  for (const [body, expected] of bodies) {
    it(`makes of the body ${expected === "" ? "nothing" : JSON.stringify(expected)} by ${body}`, async () => {
      const exchange = await onRequest({ body }, { method: "POST", body: "old", headers: { "content-length": "3" } });
      assert.equal(exchange.body.collected?.toString(), expected);
      assert.equal(exchange.request.headers.has("content-length"), false);
    });
  }

  it("keeps the body only where expressions read it", async () => {
    const unread = await onRequest({ set: { "x-a": '"1"' } }, { body: "old" });
    assert.equal(unread.body.collected, undefined);
    const read = await onRequest({ set: { "x-a": "string(size(request.body))" } }, { body: "old" });
    assert.equal(read.request.headers.get("x-a"), "3");
  });

  it("cannot see a body over the listener's limit, which goes on as it is", async () => {
    const exchange = await onRequest({ set: { "x-a": "request.body" } }, { body: "large", maxBufferSize: 4 });
    assert.deepEqual([exchange.request.headers.has("x-a"), exchange.body.collected], [false, undefined]);
  });

  it("sets metadata that the rest of it already sees", async () => {
    const exchange = await onRequest(
      { metadata: { team: 'request.headers["x-team"]', fails: "jwt.sub" }, set: { "x-out": "metadata.team" } },
      { headers: { "x-team": "core" } },
    );
    assert.deepEqual(exchange.metadata, { team: "core" });
    assert.equal(exchange.request.headers.get("x-out"), "core");
  });

  it("ignores fields that frame messages, with a warning", async () => {
    const context = testContext();
    const { exchange } = await run(
      compilePolicy(transformations, { request: { set: { "transfer-encoding": '"chunked"' } } }, context),
      testExchange(),
    );
    assert.deepEqual([fields(exchange.request), context.warnings.length], [{}, 1]);
  });
});

describe("transformations of replies", () => {
  const streamed = (...chunks: string[]) => new Reply(200, new HeaderList(["x-a", "1", "content-length", "6"]), chunkedBody(chunks));

  it("see the reply and change it", async () => {
    const reply = await onReply(
      { set: { "x-code": "response.code", ":status": "int(201)" }, add: { "x-a": 'response.headers["x-a"] + "!"' } },
      () => streamed("abcdef"),
    );
    assert.equal(reply.status, 201);
    assert.deepEqual(fields(reply), { "x-a": "1 | 1!", "content-length": "6", "x-code": "200" });
    assert.equal(await bodyText(reply), "abcdef");
  });

  it("replace the body, letting go of one that is not needed", async () => {
    const body = chunkedBody(["abc", "def"]);
    const replaced = await onReply({ body: '"short"' }, () => new Reply(200, new HeaderList(["content-length", "6"]), body));
    assert.deepEqual([await bodyText(replaced), fields(replaced), body.cancelled], ["short", {}, true]);
    const wrapped = await onReply({ body: '"<" + response.body + ">"' }, () => streamed("abc", "def"));
    assert.equal(await bodyText(wrapped), "<abcdef>");
  });

  it("cannot see a body over the listener's limit, and then replace it by nothing", async () => {
    const policy = compilePolicy(transformations, { response: { body: "response.body" } });
    const { reply } = await run(policy, testExchange({ maxBufferSize: 4 }), () => streamed("abc", "def"));
    assert.equal(await bodyText(reply), "");
    const headers = compilePolicy(transformations, { response: { set: { "x-size": "size(response.body)" } } });
    const unchanged = await run(
      headers,
      testExchange({ maxBufferSize: 4 }),
      () => new Reply(200, new HeaderList(), chunkedBody(["abc", "def"])),
    );
    assert.deepEqual([fields(unchanged.reply), await bodyText(unchanged.reply)], [{}, "abcdef"]);
  });

  it("work on replies that the gateway made", async () => {
    const reply = await onReply({ set: { "x-code": "response.code" } }, () => {
      throw new GatewayError("forbidden");
    });
    assert.deepEqual([reply.status, reply.headers.get("x-code")], [403, "403"]);
  });

  it("leave upgraded connections alone, and statuses that no reply can have", async () => {
    const upgraded = await onReply({ body: '"x"' }, () => new Reply(101, new HeaderList(), { socket: {} as never }));
    assert.equal(upgraded.status, 101);
    assert.equal((await onReply({ set: { ":status": "99" } })).status, 200);
  });

  it("see the request's body after it was sent on", async () => {
    const policy = compilePolicy(transformations, { response: { set: { "x-echo": "request.body" } } });
    const { reply } = await run(policy, testExchange({ method: "POST", body: "ping" }));
    assert.equal(reply.headers.get("x-echo"), "ping");
  });
});

describe("conditional transformations", () => {
  const config = {
    conditional: [
      { condition: 'request.path == "/a"', request: { set: { "x-a": '"1"' } }, response: { set: { "x-a": '"1"' } } },
      { request: { set: { "x-b": '"1"' } } },
    ],
  };
  it("are done both ways by the branch that the request fits", async () => {
    const first = await run(compilePolicy(transformations, config), testExchange({ path: "/a" }), ({ request }) => {
      request.path = "/changed below";
      return new Reply(200);
    });
    assert.deepEqual([fields(first.exchange.request), fields(first.reply)], [{ "x-a": "1" }, { "x-a": "1" }]);
    const second = await run(compilePolicy(transformations, config), testExchange());
    assert.deepEqual([fields(second.exchange.request), fields(second.reply)], [{ "x-b": "1" }, {}]);
  });
});

describe("transformations around a backend", () => {
  it("change that one request and its reply", async () => {
    const exchange = testExchange({ headers: { "x-a": "1" } });
    const config = {
      request: { set: { "x-a": '"2"', ":path": '"/v2" + request.path' }, body: '"sent"' },
      response: { set: { "x-r": "response.code" } },
    };
    const { outgoing, reply } = await runBackend(transformations, config, { exchange });
    assert.deepEqual(
      [fields(outgoing.head), outgoing.head.path, outgoing.body, fields(reply)],
      [{ "x-a": "2" }, "/v2/", Buffer.from("sent"), { "x-r": "200" }],
    );
    assert.deepEqual([fields(exchange.request), exchange.request.path], [{ "x-a": "1" }, "/"]);
  });

  const sending = (body: Readable | null, maxBufferSize: number): Outgoing =>
    ({ body, exchange: testExchange({ maxBufferSize }) }) as Outgoing;

  it("read a streamed body where expressions need it", async () => {
    const outgoing = sending(Readable.from([Buffer.from("ab"), Buffer.from("cd")]), 4);
    await keepOutgoingBody(outgoing);
    assert.deepEqual([outgoing.body, outgoing.exchange.body.collected], [Buffer.from("abcd"), Buffer.from("abcd")]);
  });

  it("read a stream that somebody else gave up on", async () => {
    const stream = Readable.from([Buffer.from("ab")]);
    stream.pause();
    const outgoing = sending(stream, 4);
    await keepOutgoingBody(outgoing);
    assert.deepEqual(outgoing.body, Buffer.from("ab"));
  });

  it("leave one over the limit a stream that loses nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 9 }),
        fc.nat(30),
        async (chunks, limit) => {
          const whole = chunks.join("");
          const outgoing = sending(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), limit);
          await keepOutgoingBody(outgoing);
          assert.equal(outgoing.body instanceof Readable, Buffer.byteLength(whole) > limit);
          if (!(outgoing.body instanceof Readable)) return;
          const rest: Buffer[] = [];
          for await (const chunk of outgoing.body) rest.push(chunk as Buffer);
          assert.equal(Buffer.concat(rest).toString(), Buffer.from(whole).toString());
        },
      ),
      { numRuns: 50 },
    );
  });

  it("reject with what the stream fails with", async () => {
    const failing = new Readable({ read: () => {} });
    const kept = keepOutgoingBody(sending(failing, 10));
    failing.destroy(new Error("cut"));
    await assert.rejects(kept, /cut/);
  });
});

describe("setRequestPseudo", () => {
  it("never lets anything onto the request line that could end it", () => {
    const names = fc.constantFrom(":method", ":scheme", ":authority", ":path", ":status");
    fc.assert(
      fc.property(
        names,
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `/${text}`),
          fc.webUrl(),
        ),
        (name, value) => {
          const { request } = testExchange();
          setRequestPseudo(request, name, value);
          assert.match(`${request.method} ${request.scheme}://${request.authority}${request.path}${request.search}`, /^[!-~]+ [!-~]+$/);
          assert.match(request.path, /^\//);
        },
      ),
    );
  });
});
