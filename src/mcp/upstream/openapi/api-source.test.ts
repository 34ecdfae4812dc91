import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { testContext } from "../../../../test/policy-harness.ts";
import type { FetchedDocument } from "../../../upstream/fetch-document.ts";
import { acquireApi, RemoteApi } from "./api-source.ts";

const document = (name: string): string => JSON.stringify({ openapi: "3.0.0", info: { title: name }, paths: { "/a": { get: {} } } });
const found = (text: string, cacheControl?: string): FetchedDocument => ({ status: 200, text, cacheControl });

test("inline and from a file: read at once, and once; warnings go to the operator", () => {
  const context = testContext({ files: { "a.json": document("A") } });
  const fromFile = acquireApi({ kind: "file", file: "a.json" }, context);
  const inline = acquireApi({ kind: "inline", inline: document("A") }, context);
  assert.equal(fromFile.current(), inline.current());
  assert.deepEqual([fromFile.current().title, fromFile.key], ["A", inline.key]);
  assert.deepEqual(context.warnings, Array(2).fill('GET /a: no operationId; its tool is called "get_a"'));
  assert.throws(() => acquireApi({ kind: "inline", inline: "nothing" }, context), /expected an OpenAPI document/);
});

test("by URL: asked for until it is there, then once a day; an old one stays while a new one cannot be had", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { log, logged } = testContext();
  const answers: (FetchedDocument | Error)[] = [
    new Error("http://a.test/x: refused"),
    { status: 404, text: "", cacheControl: undefined },
    found("nonsense"),
    found(document("one")),
    new Error("down"),
    found(document("two"), "max-age=1"),
    found(document("three")),
  ];
  let fetched = 0;
  const fetch = async (): Promise<FetchedDocument> => {
    const answer = answers[fetched++] ?? assert.fail("fetched too often");
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const api = new RemoteApi("http://a.test/x?token=secret", { log, fetch });
  t.after(() => api.close());
  const after = async (milliseconds: number): Promise<void> => {
    mock.timers.tick(milliseconds);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  assert.throws(() => api.current(), /not there yet: it is being fetched/);
  await assert.rejects(api.ready, /could not be loaded: http:\/\/a\.test\/x: refused/);
  assert.throws(() => api.current(), /not there yet: http:\/\/a\.test\/x: refused/);
  await after(500);
  assert.throws(() => api.current(), /http:\/\/a\.test\/x: status 404/);
  await after(1_000);
  assert.throws(() => api.current(), /http:\/\/a\.test\/x: expected an OpenAPI document/);
  await after(2_000);
  assert.equal(api.current().title, "one");
  await after(86_399_999);
  assert.equal(fetched, 4);
  await after(1);
  assert.deepEqual([fetched, api.current().title], [5, "one"]);
  await after(15_000);
  assert.equal(api.current().title, "two");
  await after(60_000);
  assert.equal(api.current().title, "three");
  api.close();
  await after(86_400_000);
  assert.equal(fetched, 7);
  assert.ok(!logged.join().includes("secret"));
});
