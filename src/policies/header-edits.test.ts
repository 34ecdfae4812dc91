import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compilePolicy, fields, run, runBackend, testContext, testExchange } from "../../test/policy-harness.ts";
import { HeaderList } from "../base/headers.ts";
import { GatewayError } from "../contract/errors.ts";
import { Reply } from "../contract/reply.ts";
import { fieldValue } from "./field-value.ts";
import { requestHeaderModifier } from "./request-header-modifier/index.ts";
import { responseHeaderModifier } from "./response-header-modifier/index.ts";

const edits = { add: { "X-Tag": "b", "x-new": "1" }, set: { "x-set": "2" }, remove: ["x-gone", "X-New"] };

describe("requestHeaderModifier", () => {
  it("adds, sets and removes, in this order, and leaves what came in as it was", async () => {
    const exchange = testExchange({ headers: { "x-tag": "a", "x-set": ["0", "1"], "x-gone": "!" } });
    await run(compilePolicy(requestHeaderModifier, edits), exchange);
    assert.deepEqual(fields(exchange.request), { "x-tag": "a | b", "x-set": "2" });
    assert.deepEqual(fields(exchange.incoming), { "x-tag": "a", "x-set": "0 | 1", "x-gone": "!" });
  });

  it("changes the authority when host is set, and the backend's name no longer replaces it", async () => {
    const exchange = testExchange();
    await run(compilePolicy(requestHeaderModifier, { set: { Host: "other.test" } }), exchange);
    assert.deepEqual([exchange.request.authority, exchange.rewriteAuthority], ["other.test", false]);
    assert.equal(exchange.request.headers.has("host"), false);
  });

  it("works around a backend call, on that call's own fields", async () => {
    const exchange = testExchange({ headers: { "x-tag": "a" } });
    const { outgoing } = await runBackend(requestHeaderModifier, { ...edits, set: { host: "b.test" } }, { exchange });
    assert.deepEqual(fields(outgoing.head), { "x-tag": "a | b" });
    assert.deepEqual([outgoing.head.authority, outgoing.rewriteAuthority], ["b.test", false]);
    assert.deepEqual(fields(exchange.request), { "x-tag": "a" });
    assert.equal(exchange.request.authority, "gateway.test");
  });

  it("ignores fields that frame messages, with a warning", async () => {
    const context = testContext();
    const exchange = testExchange();
    await run(compilePolicy(requestHeaderModifier, { set: { "Content-Length": "5", "transfer-encoding": "chunked" } }, context), exchange);
    assert.deepEqual(fields(exchange.request), {});
    assert.equal(context.warnings.length, 2);
  });

  it("refuses values with line breaks at load", () => {
    assert.throws(() => compilePolicy(requestHeaderModifier, { set: { "x-a": "1\r\nx-b: 2" } }), /set\.x-a/);
  });
});

describe("responseHeaderModifier", () => {
  it("changes replies of the backend and of the gateway", async () => {
    const policy = compilePolicy(responseHeaderModifier, edits);
    const good = await run(policy, testExchange(), () => new Reply(200, new HeaderList(["x-tag", "a", "x-gone", "!"])));
    assert.deepEqual(fields(good.reply), { "x-tag": "a | b", "x-set": "2" });
    const bad = await run(policy, testExchange(), () => {
      throw new GatewayError("upstream_failed");
    });
    assert.deepEqual([bad.reply.status, bad.reply.headers.get("x-set")], [503, "2"]);
  });

  it("works around a backend call", async () => {
    const { reply } = await runBackend(responseHeaderModifier, edits, { reply: new Reply(200, new HeaderList(["x-gone", "!"])) });
    assert.deepEqual(fields(reply), { "x-tag": "b", "x-set": "2" });
  });
});

describe("fieldValue", () => {
  it("keeps Latin-1 as it came and makes anything beyond it UTF-8", () => {
    assert.equal(fieldValue("caf\u00e9"), "caf\u00e9");
    assert.equal(fieldValue("\u20ac"), "\u00e2\u0082\u00ac");
    assert.equal(fieldValue(" padded\t"), "padded");
    assert.equal(fieldValue(""), "");
  });

  it("never lets through what could end the field", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const value = fieldValue(text);
        // what node itself accepts as a field value
        if (value !== undefined) assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/);
        else assert.match(text, /[^\t\x20-\x7e]/);
      }),
    );
    assert.equal(fieldValue("a\nb"), undefined);
    assert.equal(fieldValue("a\0b"), undefined);
  });
});
