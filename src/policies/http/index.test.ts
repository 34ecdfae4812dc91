import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runBackend, testExchange } from "../../../test/policy-harness.ts";
import { createOutgoing } from "../../contract/outgoing.ts";
import { Reply } from "../../contract/reply.ts";
import { testContext } from "../../../test/policy-harness.ts";
import { http } from "./index.ts";

const names = { name: "b", type: "static", protocol: "http" } as const;

async function deadline(config: object, own: number, route = 0): Promise<number> {
  const exchange = testExchange();
  exchange.backendTimeoutMs = route;
  const purpose = { kind: "Primary", subtype: "Http" } as const;
  const outgoing = createOutgoing(exchange, { purpose, backend: names, body: null, timeoutMs: own });
  const policy = http.compileBackend?.(http.config.parse(config), testContext());
  await policy?.(outgoing, () => Promise.resolve(new Reply(200)));
  return outgoing.timeoutMs;
}

describe("http", () => {
  it("sets the deadline of a request", async () => assert.equal(await deadline({ requestTimeout: "2s" }, 0), 2_000));
  it("goes before the route's, longer or shorter", async () => {
    assert.equal(await deadline({ requestTimeout: "2s" }, 0, 500), 2_000);
    assert.equal(await deadline({ requestTimeout: "2s" }, 0, 5_000), 2_000);
  });
  it("only shortens what the gateway waits for by itself", async () => {
    assert.equal(await deadline({ requestTimeout: "2s" }, 500), 500);
    assert.equal(await deadline({ requestTimeout: "2s" }, 60_000), 2_000);
  });
  it("changes nothing without a deadline", async () => {
    assert.equal(await deadline({}, 500), 500);
    const { outgoing } = await runBackend(http, { requestTimeout: "0s" });
    assert.equal(outgoing.timeoutMs, 0);
  });
});
