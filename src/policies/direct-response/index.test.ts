import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bodyText, compilePolicy, fields, run, testContext, testExchange } from "../../../test/policy-harness.ts";
import { directResponse } from "./index.ts";

describe("directResponse", () => {
  it("answers with what the configuration says", async () => {
    const { reply, calls, exchange } = await run(compilePolicy(directResponse, { status: 418, body: "short and stout" }), testExchange());
    assert.deepEqual([calls, reply.status, await bodyText(reply), fields(reply)], [0, 418, "short and stout", {}]);
    assert.equal(exchange.reason, "DirectResponse");
  });

  it("takes bodies as bytes, and none", async () => {
    assert.equal(await bodyText((await run(compilePolicy(directResponse, { status: 200, body: [104, 105] }), testExchange())).reply), "hi");
    assert.equal((await run(compilePolicy(directResponse, { status: 204 }), testExchange())).reply.body, null);
  });

  it("computes body and headers, leaving out those that fail or could not be sent", async () => {
    const config = {
      status: 200,
      bodyExpression: '{"path": request.path, "n": 1}',
      headers: {
        "Content-Type": '"application/json"',
        "x-fails": "jwt.sub",
        "x-evil": '"a\\r\\nx-b: c"',
        "x-number": "1 + 1",
        "content-length": '"99"',
      },
    };
    const context = testContext();
    const { reply } = await run(compilePolicy(directResponse, config, context), testExchange({ path: "/a" }));
    assert.equal(await bodyText(reply), '{"path":"/a","n":1}');
    assert.deepEqual(fields(reply), { "content-type": "application/json", "x-number": "2" });
    assert.equal(context.warnings.length, 1);
  });

  it("has an empty body when its expression fails", async () => {
    assert.equal(
      await bodyText((await run(compilePolicy(directResponse, { status: 200, bodyExpression: "jwt.sub" }), testExchange())).reply),
      "",
    );
  });

  it("reads the request's body where an expression needs it", async () => {
    const { reply } = await run(
      compilePolicy(directResponse, { status: 200, bodyExpression: "request.body" }),
      testExchange({ body: "echo" }),
    );
    assert.equal(await bodyText(reply), "echo");
  });

  const conditional = {
    conditional: [
      { condition: 'request.path == "/a"', status: 401 },
      { condition: "jwt.sub == 'fails'", status: 402 },
      { condition: 'request.path == "/b"', status: 403 },
    ],
  };
  for (const [path, status] of [
    ["/a", 401],
    ["/b", 403],
    ["/c", 200],
  ] as const) {
    it(`of the branches for ${path} is ${status}`, async () => {
      assert.equal((await run(compilePolicy(directResponse, conditional), testExchange({ path }))).reply.status, status);
    });
  }

  it("falls back to the branch without condition", async () => {
    const policy = compilePolicy(directResponse, { conditional: [...conditional.conditional, { status: 410 }] });
    assert.equal((await run(policy, testExchange({ path: "/c" }))).reply.status, 410);
  });
});
