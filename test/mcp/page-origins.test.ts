import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { FakeServer } from "./fake-server.ts";
import { initialize, type RequestOptions, Rig } from "./rig.ts";

/** Web pages of other sites at an MCP backend that is reached over a loopback address. */

let rig: Rig;
let free: Rig;
before(() => {
  rig = new Rig({ a: new FakeServer() });
  free = new Rig({ a: new FakeServer() }, { dnsRebindingProtection: false });
});
after(() => {
  rig.close();
  free.close();
});

const loopback = "127.0.0.1";
const text = "web pages of this origin may not call: add it to cors.allowOrigins, or set dnsRebindingProtection: false";
const foreign = ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil:80", "null", "", "file://", "localhost"];

async function statusFor(origin: string | readonly string[], options: RequestOptions = {}, at = rig): Promise<number> {
  return (await at.post(initialize(), { localAddress: loopback, ...options, headers: { origin } })).status;
}

// shows: mcp-origin
test("pages of foreign origins are refused over loopback, with what to do about it", async () => {
  for (const origin of foreign) {
    const refused = await rig.post(initialize(), { localAddress: loopback, headers: { origin } });
    assert.deepEqual([refused.status, refused.text, refused.exchange.error?.code], [403, text, "mcp_origin_refused"], origin);
  }
  for (const localAddress of ["127.0.0.2", "::1", "::ffff:127.0.0.1", "::FFFF:127.8.0.1"]) {
    assert.equal(await statusFor("https://evil.example", { localAddress }), 403, localAddress);
  }
});

test("other addresses, local pages and whoever is no page notice nothing", async () => {
  for (const localAddress of ["192.0.2.1", "::", "1270::1", "2001:db8::127", ""]) {
    assert.equal(await statusFor("https://evil.example", { localAddress }), 200, localAddress);
  }
  // the MCP Inspector among them
  for (const origin of ["http://localhost:6274", "http://localhost", "https://127.0.0.1:8443", "http://[::1]:5", "HTTP://LOCALHOST:1"]) {
    assert.equal(await statusFor(origin), 200, origin);
  }
  assert.equal((await rig.post(initialize(), { localAddress: loopback, authority: "proxied.example" })).status, 200);
});

test("pages that a cors policy allows may call; two Origin fields are nobody's", async () => {
  assert.equal(await statusFor("https://app.example", { originAllowed: true }), 200);
  assert.equal(await statusFor("null", { originAllowed: true }), 200);
  assert.equal(await statusFor(["https://app.example", "https://evil.example"], { originAllowed: true }), 403);
  assert.equal(await statusFor(["http://localhost", "http://localhost"]), 403);
});

test("all that a backend serves is guarded, OPTIONS aside", async () => {
  const options = { localAddress: loopback, headers: { origin: "https://evil.example" } };
  const metadata = "/.well-known/oauth-protected-resource/mcp";
  const cases: readonly [method: string, path: string, status: number][] = [
    ["GET", "/mcp", 403],
    ["DELETE", "/mcp", 403],
    ["GET", "/sse", 403],
    ["GET", metadata, 403],
    ["OPTIONS", "/mcp", 405],
  ];
  for (const [method, path, status] of cases) {
    assert.equal((await rig.request(method, undefined, { ...options, path })).status, status, `${method} ${path}`);
  }
  assert.notEqual((await rig.request("OPTIONS", undefined, { ...options, path: metadata })).status, 403);
});

test("nothing is checked where protection is switched off", async () => {
  for (const origin of foreign) assert.equal(await statusFor(origin, {}, free), 200, origin);
});

test("fuzz: of what no cors policy allows, only local hosts over http and https get in", async () => {
  const host = fc.constantFrom("localhost", "127.0.0.1", "[::1]", "evil.example", "localhost.", "127.0.0.1x", "@localhost", "");
  const origin = fc.oneof(
    fc
      .tuple(fc.constantFrom("http://", "https://", "ftp://", ""), host, fc.constantFrom("", ":1", ":65535", ":x", "/", "#"))
      .map((parts) => parts.join("")),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(origin, async (value) => {
      const isLocal = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(value);
      assert.equal(await statusFor(value), isLocal ? 200 : 403, value);
    }),
    { numRuns: 300 },
  );
});
