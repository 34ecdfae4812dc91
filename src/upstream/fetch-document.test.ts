import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fetchDocument, maxAgeMs } from "./fetch-document.ts";

async function withServer(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/doc?secret=1`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe("fetchDocument", () => {
  it("gives status, text and Cache-Control", () =>
    withServer(
      (request, response) =>
        response.writeHead(404, { "cache-control": "no-store" }).end(`${request.method} ${String(request.headers["x-a"])}`),
      async (url) => {
        assert.deepEqual(await fetchDocument({ url, method: "POST", headers: { "x-a": "1" }, body: "b" }), {
          status: 404,
          text: "POST 1",
          cacheControl: "no-store",
        });
      },
    ));

  it("does not follow redirects", () =>
    withServer(
      (_request, response) => response.writeHead(302, { location: "/other" }).end(),
      async (url) => assert.equal((await fetchDocument({ url })).status, 302),
    ));

  const failures: [why: string, answer: RequestListener, message: RegExp][] = [
    ["a document over the limit", (_request, response) => response.end("x".repeat(101)), /larger than 100 bytes/],
    ["an answer that never comes", () => {}, /no complete answer within 150 ms/],
    ["an answer that never ends", (_request, response) => void response.write("x"), /no complete answer within 150 ms/],
    ["a connection that breaks off", (request) => request.socket.destroy(), /127\.0\.0\.1/],
  ];
  for (const [why, answer, message] of failures) {
    it(`rejects ${why}, naming the server but not the query`, () =>
      withServer(answer, async (url) => {
        await assert.rejects(fetchDocument({ url, deadlineMs: 150, maxBytes: 100 }), (error: Error) => {
          assert.match(error.message, message);
          assert.match(error.message, /^http:\/\/127\.0\.0\.1:\d+\/doc: /);
          return !error.message.includes("secret");
        });
      }));
  }

  it("says what is wrong with the address", async () => {
    await assert.rejects(fetchDocument({ url: "http://127.0.0.1:1/x" }), /ECONNREFUSED/);
    await assert.rejects(fetchDocument({ url: "nonsense" }), /^Error: the URL: /);
  });
});

describe("maxAgeMs", () => {
  for (const [field, expected] of [
    [undefined, undefined],
    ["max-age=60", 60_000],
    ["public, Max-Age=60, immutable", 60_000],
    ['max-age="60"', 60_000],
    ["s-maxage=5", undefined],
    ["no-cache", 0],
    ["no-store, max-age=60", 0],
    ["x-no-store-y", undefined],
    ["max-age=abc", undefined],
  ] as const) {
    it(`of "${field ?? ""}" is ${expected ?? "unknown"}`, () => assert.equal(maxAgeMs(field), expected));
  }
  it("never throws and is never negative", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.ok((maxAgeMs(`max-age=${text}`) ?? 0) >= 0)));
  });
});
