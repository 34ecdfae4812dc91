import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { testClock, testContext } from "../../../../test/policy-harness.ts";
import { MemoryState } from "../../../store/memory-state.ts";
import type { DocumentRequest } from "../../../upstream/fetch-document.ts";
import { Clients } from "./client.ts";
import { lifetimeOf, Renewal } from "./renewal.ts";
import { type Login, Vault } from "./vault.ts";

/** A login with an hour's token, and a token endpoint that answers as it is told. */
async function withLogin(answer: { status: number; text: string } | Error, changes: Partial<Login> = {}) {
  const clock = testClock();
  const store = new MemoryState();
  const sent: URLSearchParams[] = [];
  const fetch = async ({ body }: DocumentRequest) => {
    sent.push(new URLSearchParams(body));
    if (answer instanceof Error) throw answer;
    return { ...answer, cacheControl: undefined };
  };
  const vault = new Vault({ store, clock, fetch });
  const clients = new Clients({ store, clock, fetch });
  const { log, logged } = testContext();
  const renewal = new Renewal({ vault, clients, fetch, clock, log });
  const login: Login = {
    key: "k",
    who: "alice",
    server: "https://api.test/mcp",
    state: "active",
    issuer: "https://login.test",
    resource: "https://api.test/mcp",
    scope: "a",
    client: { clientId: "c", method: "none" },
    tokenEndpoint: "https://login.test/token",
    revocationEndpoint: undefined,
    accessToken: "old",
    refreshToken: "r1",
    ...lifetimeOf({ lifetimeMs: 3_600_000, accessToken: "", refreshToken: undefined, scope: undefined }, clock.wall()),
    ...changes,
  };
  await vault.put(login);
  return { clock, store, vault, renewal, sent, logged };
}

const fresh = { status: 200, text: '{"access_token":"new","token_type":"bearer","expires_in":3600}' };

describe("renewing a login", () => {
  it("happens a minute before the token ends, and keeps the refresh token when there is no new one", async () => {
    const { clock, renewal, sent } = await withLogin(fresh);
    clock.now += 3_539_000;
    assert.equal((await renewal.current("k"))?.accessToken, "old");
    clock.now += 2_000;
    const logins = await Promise.all(Array.from({ length: 50 }, () => renewal.current("k")));
    assert.ok(logins.every((login) => login?.accessToken === "new" && login.refreshToken === "r1"));
    assert.deepEqual(
      sent.map((form) => Object.fromEntries(form)),
      [{ grant_type: "refresh_token", refresh_token: "r1", resource: "https://api.test/mcp", client_id: "c" }],
    );
  });

  const passing: readonly [what: string, answer: { status: number; text: string } | Error][] = [
    ["does not answer", new Error("connection refused")],
    ["is overloaded", { status: 503, text: '{"error":"invalid_grant"}' }],
    ["does not know the client that was registered by hand", { status: 401, text: '{"error":"invalid_client"}' }],
    ["asks to slow down", { status: 429, text: '{"error":"slow_down"}' }],
    ["answers with a page", { status: 200, text: "<html>" }],
    ["answers with another type of token", { status: 200, text: '{"access_token":"x","token_type":"mac"}' }],
    ["answers with a token that no request can carry", { status: 200, text: '{"access_token":"a\\nb","token_type":"Bearer"}' }],
  ];
  for (const [what, answer] of passing) {
    it(`keeps the login when the server ${what}, and asks it every two seconds at most`, async () => {
      const { clock, vault, renewal, sent, logged } = await withLogin(answer);
      clock.now += 3_590_000;
      assert.equal((await renewal.current("k"))?.accessToken, "old"); // still good
      clock.now += 20_000;
      await assert.rejects(renewal.current("k"));
      await assert.rejects(renewal.current("k"));
      assert.equal(sent.length, 2);
      assert.equal((await vault.get("k"))?.state, "active");
      assert.ok(logged.every((line) => !line.includes("r1") && !line.includes("old")));
    });
  }

  for (const [code, client] of [
    ["invalid_grant", {}],
    ["invalid_client", { registration: "row" }],
  ] as const) {
    it(`ends the login when the server says ${code}, and forgets its tokens`, async () => {
      const { clock, vault, renewal } = await withLogin(
        { status: 400, text: JSON.stringify({ error: code }) },
        { client: { clientId: "c", method: "none", ...client } },
      );
      clock.now += 3_590_000;
      assert.equal(await renewal.current("k"), undefined);
      const left = await vault.get("k");
      assert.deepEqual([left?.state, left?.accessToken, left?.refreshToken], ["needs_reauth", "", undefined]);
      assert.equal(await renewal.current("k"), undefined);
    });
  }

  it("is not done twice for a token that somebody else has replaced", async () => {
    const { vault, renewal, sent } = await withLogin(fresh);
    const stale = { ...(await vault.get("k")), key: "k" } as Login;
    await vault.put({ ...stale, accessToken: "theirs" });
    assert.equal((await renewal.renew(stale))?.accessToken, "theirs");
    assert.equal(sent.length, 0);
  });

  it("does not bring back a login that was revoked meanwhile", async () => {
    const { clock, vault, renewal } = await withLogin(fresh);
    clock.now += 3_590_000;
    const renewed = renewal.current("k");
    const revoked = vault.revoke("k");
    assert.deepEqual([await renewed, (await revoked).found, await vault.get("k")], [undefined, true, undefined]);
  });

  it("tells the server to forget what it gave for a login that was revoked meanwhile", async () => {
    const { clock, vault, renewal, sent } = await withLogin(fresh, { revocationEndpoint: "https://login.test/revoke" });
    clock.now += 3_590_000;
    const renewed = renewal.current("k");
    await Promise.all([renewed, vault.revoke("k")]);
    for (let turns = 0; turns < 100 && sent.length < 5; turns += 1) await setImmediate();
    const revoked = sent.map((form) => form.get("token")).filter((token) => token !== null);
    assert.deepEqual(new Set(revoked), new Set(["old", "r1", "new"]));
  });

  it("loses nothing when it cannot be written: the server would take the old refresh token for stolen", async () => {
    const answer = { status: 200, text: '{"access_token":"new","refresh_token":"r2","token_type":"bearer","expires_in":3600}' };
    const { clock, store, vault, renewal, sent, logged } = await withLogin(answer);
    const set = store.set.bind(store);
    const broken = new Error("disk full");
    let tries = 0;
    store.set = () => {
      tries += 1;
      throw broken;
    };
    clock.now += 3_590_000;
    assert.equal((await renewal.current("k"))?.accessToken, "new");
    clock.now += 20_000; // the one that is written has ended
    for (let calls = 0; calls < 5; calls += 1) assert.equal((await renewal.current("k"))?.accessToken, "new");
    assert.equal(tries, 2);
    assert.deepEqual([sent.length, (await vault.get("k"))?.accessToken], [1, "old"]);
    assert.ok(logged.length > 0 && logged.every((line) => !line.includes("r2") && !line.includes('new"')));
    clock.now += 3_590_000; // so has the new one
    assert.equal((await renewal.current("k"))?.accessToken, "new");
    assert.deepEqual(
      sent.map((form) => form.get("refresh_token")),
      ["r1", "r2"],
    );
    const refused = await renewal.current("k");
    assert.ok(refused);
    await renewal.renew(refused); // by the server, before it was written
    assert.equal(sent.length, 3);
    store.set = set;
    clock.now += 2_001;
    await renewal.current("k");
    assert.equal((await vault.get("k"))?.refreshToken, "r2");
    assert.equal(sent.length, 3);
  });

  it("loses nothing when the store cannot be read once the server has answered", async () => {
    const { clock, store, vault, renewal, sent } = await withLogin(fresh);
    const get = store.get.bind(store);
    store.get = (kind, key) => {
      if (sent.length > 0) throw new Error("disk failure");
      return get(kind, key);
    };
    clock.now += 3_590_000;
    assert.equal((await renewal.current("k"))?.accessToken, "new");
    store.get = get;
    assert.equal((await vault.get("k"))?.accessToken, "new");
  });

  it("ends what was not written, too, when the server says so", async () => {
    const answer = { status: 200, text: '{"access_token":"new","refresh_token":"r2","token_type":"bearer"}' };
    const { clock, store, vault, renewal } = await withLogin(answer);
    const set = store.set.bind(store);
    store.set = () => {
      throw new Error("disk full");
    };
    clock.now += 3_590_000;
    const unwritten = await renewal.current("k");
    assert.equal(unwritten?.accessToken, "new");
    store.set = set;
    Object.assign(answer, { status: 400, text: '{"error":"invalid_grant"}' });
    assert.equal(await renewal.renew(unwritten), undefined);
    assert.equal((await vault.get("k"))?.state, "needs_reauth");
  });

  it("needs a login anew when there is no refresh token, once the token has ended", async () => {
    const { clock, renewal } = await withLogin(fresh, { refreshToken: undefined });
    clock.now += 3_590_000;
    assert.equal((await renewal.current("k"))?.accessToken, "old");
    clock.now += 20_000;
    assert.equal(await renewal.current("k"), undefined);
  });
});
