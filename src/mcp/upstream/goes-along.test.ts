import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { testExchange } from "../../../test/policy-harness.ts";
import { detached } from "../afterwards.ts";
import { callersAuthorization, goesAlong } from "./goes-along.ts";

const headers = { authorization: "Bearer caller", cookie: "a=1; b=2", "x-team": "t" };

/** What of the exchange's request goes along, by field. */
function along(exchange: ReturnType<typeof testExchange>, lone: boolean): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of exchange.request.headers.entries()) {
    const passed = goesAlong(exchange, name, value, lone);
    if (passed !== undefined) found[name] = passed;
  }
  return found;
}

test("the caller's cookies stay behind, its login among several targets too", () => {
  assert.deepEqual(along(testExchange({ headers }), true), { authorization: "Bearer caller", "x-team": "t" });
  assert.deepEqual(along(testExchange({ headers }), false), { "x-team": "t" });
});

test("what policies changed elsewhere makes no difference", () => {
  const exchange = testExchange({ headers });
  exchange.editHeaders().set("x-team", "u");
  assert.deepEqual(along(exchange, false), { "x-team": "u" });
  assert.equal(callersAuthorization(exchange), "Bearer caller");
});

test("what policies put there goes along, also once the exchange has outlived its request", () => {
  const exchange = testExchange({ headers });
  exchange.editHeaders().set("authorization", "Bearer gateway");
  exchange.editHeaders().set("cookie", "b=2; c=3; a=2");
  for (const one of [exchange, detached(exchange)]) {
    assert.deepEqual(along(one, false), { authorization: "Bearer gateway", cookie: "c=3; a=2", "x-team": "t" });
    assert.equal(callersAuthorization(one), undefined);
  }
  assert.deepEqual(along(detached(testExchange({ headers })), false), { "x-team": "t" });
});

test("a login that was consumed does not come back", () => {
  const exchange = testExchange({ headers });
  exchange.editHeaders().remove("authorization");
  assert.equal(callersAuthorization(exchange), undefined);
  assert.deepEqual(along(exchange, true), { "x-team": "t" });
});

test("fuzz: no cookie that came in goes along, whatever a policy did to the field", () => {
  const pair = fc.stringMatching(/^[ab;= "]{0,4}$/);
  const field = fc.array(pair, { maxLength: 5 }).map((pairs) => pairs.join(";"));
  const pairs = (text: string): string[] => text.split(";").map((one) => one.trim());
  fc.assert(
    fc.property(fc.array(field, { maxLength: 3 }), field, (came, edited) => {
      const exchange = testExchange({ headers: { cookie: came } });
      exchange.editHeaders().set("cookie", edited);
      const passed = goesAlong(exchange, "cookie", edited, true);
      const mine = came.flatMap(pairs);
      assert.deepEqual(
        pairs(passed ?? "").filter((one) => one !== ""),
        pairs(edited).filter((one) => one !== "" && !mine.includes(one)),
      );
    }),
  );
});
