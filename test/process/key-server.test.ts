import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { freePort } from "../gateway-process.ts";
import { startServer, type TestServer } from "../http/upstream-server.ts";
import { type Issuer, testIssuer } from "../tokens.ts";
import { eventually, type Serving, startServing } from "./serving.ts";

/** Life with a key server that is away, comes back, and rotates its keys. */

const first = testIssuer("key-1");
const second = testIssuer("key-2");
const claims = { iss: "https://issuer.test", sub: "alice", exp: Math.floor(Date.now() / 1000) + 3_600 };

let serving: Serving;
let keyPort: number;
let keyServer: TestServer | undefined;
let jwks = first.jwks;
let fetches = 0;

before(async () => {
  keyPort = await freePort();
  serving = await startServing(
    (port) => `
binds:
- port: ${port}
  listeners:
  - routes:
    - name: locked
      matches: [{path: {exact: /locked}}]
      policies:
        jwtAuth: {mode: strict, issuer: https://issuer.test, jwks: {url: "http://127.0.0.1:${keyPort}/keys"}}
        directResponse: {status: 200, bodyExpression: jwt.sub}
    - name: open
      policies: {directResponse: {status: 200, body: open}}
`,
  );
});
after(async () => {
  await serving.gateway.stop();
  await keyServer?.close();
});

async function ask(issuer: Issuer, header: Readonly<Record<string, unknown>> = {}): Promise<{ status: number; text: string }> {
  const reply = await fetch(`${serving.url}/locked`, { headers: { authorization: `Bearer ${issuer.token(claims, header)}` } });
  return { status: reply.status, text: await reply.text() };
}

describe("a key server", () => {
  // shows: start-without-keys
  it("that is down keeps nobody from starting: its route answers 503, others serve, strangers get 401", async () => {
    assert.deepEqual(await ask(first), { status: 503, text: "token keys are not available yet" });
    assert.equal(await (await fetch(`${serving.url}/other`)).text(), "open");
    assert.equal((await fetch(`${serving.url}/locked`)).status, 401);
    assert.equal(await serving.readiness(), 200);
    const warning = /warn\S*\s.*token keys not available.*127\.0\.0\.1:\d+\/keys: connect ECONNREFUSED.*retryMs=500/;
    await eventually("a warning", () => warning.test(serving.gateway.output()));
  });

  it("that comes up is found without anybody's doing", async () => {
    keyServer = await startServer((_request, response) => {
      fetches += 1;
      response.end(jwks);
    }, keyPort);
    await eventually("the token accepted", async () => (await ask(first)).status === 200, 20_000);
    assert.deepEqual(await ask(first), { status: 200, text: "alice" });
    assert.equal(fetches, 1);
  });

  // shows: keys-unknown
  it("is asked once for a key that is new, and not again for keys that nobody has", async () => {
    jwks = second.jwks;
    assert.deepEqual(await ask(second), { status: 200, text: "alice" });
    assert.equal(fetches, 2);
    const strangers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(second, { kid: `made-up-${index}` })));
    for (const { status, text } of strangers) {
      assert.equal(status, 401);
      assert.match(text, /token uses the unknown key "made-up-\d+"/);
    }
    assert.equal(fetches, 2);
    assert.equal((await ask(first)).status, 401, "withdrawn with the old set");
  });
});
