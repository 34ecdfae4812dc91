import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { Vault } from "../../src/policies/backend-auth/user-login/vault.ts";
import { SealedState } from "../../src/store/sealed-state.ts";
import { SqliteState } from "../../src/store/sqlite-state.ts";
import { fetchDocument } from "../../src/upstream/fetch-document.ts";
import { TestBrowser } from "./browser.ts";
import { callTool, keyOf, linkIn, type LoginRig, startLoginRig } from "./rig.ts";

const key = "c0ffee00".repeat(8);

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-logins-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The file as an operator's tools would open it. */
async function withVault<T>(folder: string, work: (vault: Vault) => Promise<T>): Promise<T> {
  const file = new SqliteState(join(folder, "state.db"));
  try {
    return await work(new Vault({ store: new SealedState(file, Buffer.from(key, "hex")), clock: systemClock, fetch: fetchDocument }));
  } finally {
    file.close();
  }
}

async function loggedIn(t: TestContext, folder: string, clients: "document" | "registration" = "registration"): Promise<LoginRig> {
  const config = { config: { state: { file: join(folder, "state.db"), key } } };
  const rig = await startLoginRig({ config, upstream: { clients } });
  t.after(() => rig.close());
  const alice = await rig.connect("alice");
  const done = await new TestBrowser("alice@hub").logIn(linkIn((await callTool(alice, "whoami")).text));
  assert.equal(done.status, 200, done.text);
  assert.equal((await callTool(alice, "whoami")).text, "I am alice@hub");
  return rig;
}

describe("logins that outlive the process", () => {
  // shows: user-login-kept
  test("are there after a restart", async (t) => {
    const rig = await loggedIn(t, stateFolder(t), "document");
    await rig.restart();
    const alice = await rig.connect("alice");
    assert.equal((await callTool(alice, "whoami")).text, "I am alice@hub");
    assert.ok(!rig.gateway.gateway.loaded.warnings.some((one) => one.includes("forgotten")));
  });

  // shows: user-login-secret
  test("hold nothing secret in the file, and nothing of it reaches the log", async (t) => {
    const folder = stateFolder(t);
    const rig = await loggedIn(t, folder);
    rig.upstream.expireAll();
    await callTool(await rig.connect("alice"), "whoami");
    const output = await rig.gateway.output();
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    const secrets = [...rig.upstream.secrets, keyOf("alice")];
    assert.ok(rig.upstream.secrets.length > 5 && files.some((text) => text.includes("mcp-login")));
    for (const secret of secrets) {
      assert.ok(!files.some((text) => text.includes(secret)), "a secret in the file");
      assert.ok(!output.includes(secret), "a secret in the log");
    }
    assert.ok(output.includes("/.well-known/turnpike/login"));
    assert.doesNotMatch(output, /turnpike\/login\/\S+?token=[\w-]{20}/);
  });

  // shows: user-login-revoked
  test("are listed for operators without secrets, and revoked here and there", async (t) => {
    const folder = stateFolder(t);
    const rig = await loggedIn(t, folder);
    const bob = await rig.connect("bob");
    await callTool(bob, "whoami");
    await withVault(folder, async (vault) => {
      const views = await vault.list();
      const seen = views.toSorted((a, b) => (a.who < b.who ? -1 : 1)).map(({ who, server, state }) => [who, server, state]);
      assert.deepEqual(seen, [
        ["alice", rig.upstream.url, "active"],
        ["bob", rig.upstream.url, "pending"],
      ]);
      const text = JSON.stringify(views);
      assert.ok([...rig.upstream.secrets, keyOf("alice"), keyOf("bob")].every((secret) => !text.includes(secret)));
      const { id } = views.find(({ who }) => who === "alice") ?? { id: "" };
      assert.deepEqual(await vault.revoke(id), { found: true, told: true });
      assert.deepEqual(await vault.revoke(id), { found: false, told: false });
    });
    assert.ok(rig.upstream.revoked >= 1);
    const alice = await rig.connect("alice");
    assert.equal((await callTool(alice, "whoami")).isError, true);
  });

  test("that ended are listed as such", async (t) => {
    const folder = stateFolder(t);
    const rig = await loggedIn(t, folder);
    rig.upstream.endAll();
    await callTool(await rig.connect("alice"), "whoami");
    await withVault(folder, async (vault) =>
      assert.deepEqual(
        (await vault.list()).map(({ state }) => state),
        ["needs_reauth"],
      ),
    );
  });
});
