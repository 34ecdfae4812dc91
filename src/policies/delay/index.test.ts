import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { compilePolicy, run, testExchange } from "../../../test/policy-harness.ts";
import { delay } from "./index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("delay", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  const cases: [duration: string, milliseconds: number][] = [
    ["2s", 2000],
    ['duration("500ms")', 500],
    ['request.method == "GET" ? 30 : 0', 30],
    ["1.0 + 9.0", 10],
    ["uint(7)", 7],
    ["0s", 0],
    ["0", 0],
    ["-5", 0],
    ["jwt.sub", 0],
    ['"text"', 0],
  ];
  for (const [duration, milliseconds] of cases) {
    it(`of ${duration} is ${milliseconds} ms`, async () => {
      let done = false;
      const running = run(compilePolicy(delay, { duration }), testExchange()).then((ran) => {
        done = true;
        return ran;
      });
      await turn();
      if (milliseconds > 0) {
        mock.timers.tick(milliseconds - 1);
        await turn();
        assert.equal(done, false);
        mock.timers.tick(1);
      }
      assert.equal((await running).calls, 1);
    });
  }

  it("ends when the client leaves", async () => {
    const exchange = testExchange();
    const running = run(compilePolicy(delay, { duration: "1h" }), exchange);
    exchange.abort(new Error("gone"));
    const { reply, calls } = await running;
    assert.deepEqual([reply.status, calls], [499, 0]);
  });
});
