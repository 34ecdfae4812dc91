import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testClock, testContext } from "../../../test/policy-harness.ts";
import type { FetchedDocument } from "../../upstream/fetch-document.ts";
import { AuthorizationServer } from "./authorization-server.ts";

describe("AuthorizationServer", () => {
  function serverWith(answer: () => FetchedDocument) {
    const time = testClock();
    const state = { fetches: 0, answer };
    const fetch = async (): Promise<FetchedDocument> => {
      state.fetches += 1;
      return state.answer();
    };
    return { time, state, server: new AuthorizationServer("https://issuer.test/metadata", { clock: time, log: testContext().log, fetch }) };
  }
  const text = (server: AuthorizationServer): Promise<string> => server.document().then((document) => document.text);
  const ok = (text: string, cacheControl?: string) => (): FetchedDocument => ({ status: 200, text, cacheControl });

  it("fetches once for many, and again when the document is stale", async () => {
    const { time, state, server } = serverWith(ok('{"a":1}', "max-age=60"));
    assert.deepEqual(await Promise.all([text(server), text(server), text(server)]), ['{"a":1}', '{"a":1}', '{"a":1}']);
    time.now += 59_999;
    await text(server);
    assert.equal(state.fetches, 1);
    time.now += 1;
    state.answer = ok('{"a":2}');
    assert.equal(await text(server), '{"a":2}');
  });

  it("serves the old document when a refresh fails, asking again after a while", async () => {
    const { time, state, server } = serverWith(ok("{}"));
    await text(server);
    state.answer = () => ({ status: 503, text: "", cacheControl: undefined });
    time.now += 300_000;
    assert.equal(await text(server), "{}");
    assert.equal(await text(server), "{}");
    assert.equal(state.fetches, 2);
    time.now += 5_000;
    await text(server);
    assert.equal(state.fetches, 3);
  });

  for (const answer of ["<html>", "[]", "null", ""]) {
    it(`fails with 500 when all there is is ${answer || "an empty answer"}`, async () => {
      await assert.rejects(serverWith(ok(answer)).server.document(), { status: 500 });
    });
  }
});
