import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { testClock, testContext } from "../../test/policy-harness.ts";
import { testIssuer } from "../../test/tokens.ts";
import type { FetchedDocument } from "./fetch-document.ts";
import { acquireKeySet, RemoteKeySet } from "./key-set.ts";

const url = "https://issuer.test/keys";
const first = testIssuer("one");
const second = testIssuer("two");
const document = (text: string, cacheControl?: string): FetchedDocument => ({ status: 200, text, cacheControl });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A key server whose next answers are set by the test; undefined = unreachable. */
function keyServer(answer: FetchedDocument | undefined) {
  const server = { answer, fetches: 0 };
  const clock = testClock();
  const log = testContext().log;
  const fetch = async (): Promise<FetchedDocument> => {
    server.fetches += 1;
    if (server.answer === undefined) throw new Error(`${url}: connect ECONNREFUSED`);
    return server.answer;
  };
  return Object.assign(server, { clock, keys: new RemoteKeySet(url, { clock, log, fetch }) });
}

describe("remote key set", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("fetches at once, and again after the lifetime that the server names", async () => {
    const server = keyServer(document(first.jwks, "public, max-age=120"));
    await server.keys.ready;
    assert.deepEqual([server.keys.version, server.keys.find("one") !== undefined], [1, true]);
    mock.timers.tick(119_999);
    assert.equal(server.fetches, 1);
    server.answer = document(second.jwks);
    mock.timers.tick(1);
    await turn();
    assert.deepEqual([server.keys.version, server.keys.find("one"), server.keys.find("two") !== undefined], [2, undefined, true]);
  });

  for (const [cacheControl, lifetime] of [
    [undefined, 900_000],
    ["no-store", 60_000],
    ["max-age=5", 60_000],
    ["max-age=99999999", 86_400_000],
    ["private, max-age=300, must-revalidate", 300_000],
  ] as const) {
    it(`keeps keys for ${lifetime} ms when the server says ${cacheControl ?? "nothing"}`, async () => {
      const server = keyServer(document(first.jwks, cacheControl));
      await server.keys.ready;
      mock.timers.tick(lifetime - 1);
      assert.equal(server.fetches, 1);
      mock.timers.tick(1);
      assert.equal(server.fetches, 2);
    });
  }

  it("keeps its version while the document is the same, so that verified tokens stay verified", async () => {
    const server = keyServer(document(first.jwks));
    await server.keys.ready;
    mock.timers.tick(900_000);
    await turn();
    assert.deepEqual([server.fetches, server.keys.version], [2, 1]);
  });

  it("serves the old keys when a refresh fails, and tries again every 15 s", async () => {
    const server = keyServer(document(first.jwks));
    await server.keys.ready;
    server.answer = undefined;
    mock.timers.tick(900_000);
    await turn();
    assert.deepEqual([server.fetches, server.keys.find("one") !== undefined], [2, true]);
    server.answer = { ...document("{}"), status: 500 };
    mock.timers.tick(15_000);
    await turn();
    server.answer = document("<html>");
    mock.timers.tick(15_000);
    await turn();
    assert.deepEqual([server.fetches, server.keys.version, server.keys.find("one") !== undefined], [4, 1, true]);
  });

  it("starts without keys, tries with growing pauses, and says clearly what is wrong", async () => {
    const server = keyServer(undefined);
    await assert.rejects(server.keys.ready, /JWKS could not be loaded from https:\/\/issuer\.test\/keys: connect ECONNREFUSED/);
    for (const [pause, fetches] of [
      [500, 2],
      [1000, 3],
      [2000, 4],
      [4000, 5],
      [8000, 6],
      [15_000, 7],
      [15_000, 8],
    ] as const) {
      mock.timers.tick(pause - 1);
      assert.equal(server.fetches, fetches - 1);
      mock.timers.tick(1);
      await turn();
      assert.equal(server.fetches, fetches);
    }
    server.answer = document(first.jwks);
    mock.timers.tick(15_000);
    await turn();
    assert.equal(server.keys.version, 1);
  });

  it("is fetched anew for an unknown key, once per half a minute, and by all who ask together", async () => {
    const server = keyServer(document(first.jwks));
    await server.keys.ready;
    server.answer = document(second.jwks);
    await Promise.all([server.keys.refresh(), server.keys.refresh(), server.keys.refresh()]);
    assert.deepEqual([server.fetches, server.keys.find("two") !== undefined], [2, true]);
    await server.keys.refresh();
    assert.equal(server.fetches, 2);
    server.clock.now += 30_000;
    await server.keys.refresh();
    assert.equal(server.fetches, 3);
  });

  it("stops when it is let go of", async () => {
    const server = keyServer(document(first.jwks));
    await server.keys.ready;
    server.keys.close();
    mock.timers.tick(86_400_000);
    await server.keys.refresh();
    assert.equal(server.fetches, 1);
  });
});

describe("acquireKeySet", () => {
  it("reads keys given inline or by file at once, and fails at load when they are none", () => {
    const context = testContext({ files: { "/keys.json": first.jwks, "/bad.json": '{"keys":[]}' } });
    assert.ok(acquireKeySet({ kind: "inline", inline: first.jwks }, context).find("one"));
    assert.ok(acquireKeySet({ kind: "file", file: "/keys.json" }, context).find("one"));
    assert.throws(() => acquireKeySet({ kind: "file", file: "/bad.json" }, context), /no usable key/);
    assert.throws(() => acquireKeySet({ kind: "inline", inline: "no" }, context), /not JSON/);
  });

  it("shares one set per URL and fetches it over HTTP", async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.setHeader("cache-control", "max-age=600").end(first.jwks);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const source = { kind: "url", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` } as const;
      const context = testContext();
      const keys = acquireKeySet(source, context);
      assert.equal(acquireKeySet(source, context), keys);
      await keys.ready;
      assert.ok(keys.find("one"));
      assert.equal(requests, 1);
      (keys as RemoteKeySet).close();
    } finally {
      server.close();
    }
  });
});
