import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TestBrowser } from "./browser.ts";
import type { UpstreamOptions } from "./fake-upstream.ts";
import { callTool, linkIn, type LoginRig, startLoginRig } from "./rig.ts";

type Client = Awaited<ReturnType<LoginRig["connect"]>>;

/** A caller who is logged in. */
async function loggedIn(
  upstream: UpstreamOptions,
  work: (rig: LoginRig, alice: Client) => Promise<void>,
  userLogin: Record<string, unknown> = {},
): Promise<void> {
  const rig = await startLoginRig({ upstream, userLogin });
  try {
    const alice = await rig.connect("alice");
    const done = await new TestBrowser("alice@hub").logIn(linkIn((await callTool(alice, "whoami")).text));
    assert.equal(done.status, 200, done.text);
    await work(rig, alice);
  } finally {
    await rig.close();
  }
}

async function again(rig: LoginRig, client: Client, text: string, tool = "whoami"): Promise<void> {
  assert.equal((await new TestBrowser("alice@hub").logIn(linkIn(text))).status, 200);
  assert.deepEqual(await callTool(client, tool), { text: "I am alice@hub", isError: false });
  assert.deepEqual(rig.upstream.problems, []);
}

describe("a login's token", () => {
  // shows: user-login-renewal
  test("is renewed once for fifty calls that come when it has expired", () =>
    loggedIn({ expiresIn: 3600 }, async ({ upstream }, alice) => {
      await callTool(alice, "whoami");
      const { promise, resolve } = Promise.withResolvers<void>();
      upstream.gate = promise;
      upstream.expireAll();
      const calls = Array.from({ length: 50 }, () => callTool(alice, "whoami"));
      setTimeout(resolve, 300).unref(); // the first renewal is under way while the others come
      const answers = await Promise.all(calls);
      assert.ok(answers.every(({ text }) => text === "I am alice@hub"));
      assert.deepEqual([upstream.refreshes, upstream.problems], [1, []]);
    }));

  test("is renewed before it expires", () =>
    loggedIn({ expiresIn: 1 }, async ({ upstream }, alice) => {
      const deadline = Date.now() + 5_000;
      while (upstream.refreshes === 0 && Date.now() < deadline) await callTool(alice, "whoami");
      assert.ok(upstream.refreshes > 0);
      const refused = upstream.problems.length;
      assert.equal(refused, 0);
    }));

  // shows: user-login-ended
  test("is asked for again when the server ends the login", () =>
    loggedIn({}, async (rig, alice) => {
      rig.upstream.endAll();
      const asked = await callTool(alice, "whoami");
      assert.equal(asked.isError, true);
      await again(rig, alice, asked.text);
    }));

  test("is asked for again when the server takes a fresh one no better", () =>
    loggedIn({}, async (rig, alice) => {
      const { upstream } = rig;
      upstream.skewMs = 4_000_000; // to the server every token is expired
      const asked = await callTool(alice, "whoami");
      assert.deepEqual([asked.isError, upstream.refreshes], [true, 1]);
      upstream.skewMs = 0;
      await again(rig, alice, asked.text);
    }));

  test("is kept when renewing fails for another reason", () =>
    loggedIn({}, async ({ upstream, gateway }, alice) => {
      upstream.options = { tokenAnswer: () => ({ status: 400, text: '{"error":"temporarily_unavailable"}' }) };
      upstream.expireAll();
      await assert.rejects(callTool(alice, "whoami"), /could not be renewed/);
      upstream.options = {};
      const deadline = Date.now() + 10_000; // failures are shared for two seconds
      let text = "";
      while (text === "" && Date.now() < deadline)
        text = await callTool(alice, "whoami").then(
          (answer) => answer.text,
          () => "",
        );
      assert.equal(text, "I am alice@hub");
      assert.ok(!(await gateway.output()).includes("s3cret"));
    }));

  // shows: user-login-scopes
  test("that lacks scopes is replaced by one that has them too", () =>
    loggedIn({}, async (rig, alice) => {
      const asked = await callTool(alice, "write");
      assert.equal(asked.isError, true);
      assert.equal((await callTool(alice, "whoami")).isError, false); // the old one is good meanwhile
      await again(rig, alice, asked.text, "write");
      assert.equal((await callTool(alice, "whoami")).isError, false);
    }));

  test("has the scopes that the configuration asks for", () =>
    loggedIn({}, async (_, alice) => assert.equal((await callTool(alice, "write")).isError, false), { scopes: ["write"] }));

  test("a registration that the server has forgotten is made again", () =>
    loggedIn({ clients: "registration" }, async (rig, alice) => {
      rig.upstream.forgetClients();
      rig.upstream.expireAll();
      await again(rig, alice, (await callTool(alice, "whoami")).text);
      assert.equal(rig.upstream.seen.filter((one) => one.endsWith("/register")).length, 2);
    }));
});
