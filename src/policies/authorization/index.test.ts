import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePolicy, run, runBackend, testContext, testExchange } from "../../../test/policy-harness.ts";
import { authorization } from "./index.ts";

const exchange = (body?: string) =>
  testExchange({ method: "POST", path: "/admin", headers: { "x-team": "core" }, ...(body === undefined ? {} : { body }) });

describe("authorization", () => {
  const cases: [why: string, rules: unknown[], status: number][] = [
    ["no rules", [], 200],
    ["a plain rule allows", ['request.path == "/admin"'], 200],
    ["no allow holds", [{ allow: 'request.path == "/other"' }], 403],
    ["a deny holds", ["true", { deny: 'request.headers["x-team"] == "core"' }], 403],
    ["a require does not hold", ["true", { require: 'jwt.sub == "alice"' }], 403],
    ["a deny fails", [{ deny: "jwt.admin" }], 200],
  ];
  for (const [why, rules, status] of cases) {
    it(`answers ${status}: ${why}`, async () => {
      const { reply, calls } = await run(compilePolicy(authorization, { rules }), exchange());
      assert.deepEqual([reply.status, calls], [status, status === 200 ? 1 : 0]);
      if (status === 403) assert.equal(reply.body, "authorization failed");
    });
  }

  it("adds up the rules of several places", () => {
    const merged = authorization.merge?.(
      authorization.config.parse({ rules: ["true"] }),
      authorization.config.parse({ rules: [{ deny: "true" }] }),
    );
    assert.deepEqual(
      merged?.rules.map(({ kind }) => kind),
      ["allow", "deny"],
    );
  });

  it("counts every failing rule, and logs each once without anything of the request", async () => {
    const context = testContext();
    const policy = compilePolicy(authorization, { rules: [{ deny: 'jwt.groups.exists(g, g == "x")' }] }, context);
    await run(policy, exchange());
    await run(policy, exchange());
    assert.deepEqual(context.failedRules, ["authorization", "authorization"]);
    assert.equal(context.logged.length, 1);
    assert.match(context.logged[0]!, /jwt\.groups\.exists/);
  });

  it("reads the body only for rules that need it, up to the listener's limit", async () => {
    const plain = await run(compilePolicy(authorization, { rules: ["true"] }), exchange("{}"));
    assert.equal(plain.exchange.body.collected, undefined);
    const policy = compilePolicy(authorization, { rules: ['json(request.body).user == "alice"'] });
    assert.equal((await run(policy, exchange('{"user":"alice"}'))).reply.status, 200);
    assert.equal((await run(policy, exchange('{"user":"bob"}'))).reply.status, 403);
    const large = testExchange({ method: "POST", body: '{"user":"alice"}', maxBufferSize: 4 });
    assert.equal((await run(policy, large)).reply.status, 403);
  });

  it("checks calls to a backend", async () => {
    const { calls } = await runBackend(authorization, { rules: ['request.path == "/"'] });
    assert.equal(calls, 1);
    await assert.rejects(runBackend(authorization, { rules: [{ deny: "true" }] }), { code: "forbidden" });
  });
});
