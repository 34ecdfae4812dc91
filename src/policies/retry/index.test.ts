import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { bodyText, chunkedBody, compilePolicy, run, testBody, testExchange } from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { type ErrorCode, GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { Reply } from "../../contract/reply.ts";
import { toReply } from "../../pipeline/compose.ts";
import { retry } from "./index.ts";

type Outcome = number | ErrorCode;

/** A backend with these outcomes one after the other, as the pipeline's backend step shows them. */
function backend(...outcomes: Outcome[]) {
  const seen: (string | undefined)[] = [];
  const below = (exchange: Exchange): Reply => {
    seen.push(exchange.request.headers.get("x-retry-attempt"));
    const outcome = outcomes[seen.length - 1]!;
    exchange.error = undefined;
    return typeof outcome === "number" ? new Reply(outcome) : toReply(exchange, new GatewayError(outcome));
  };
  return { seen, below };
}

describe("retry", () => {
  const cases: [why: string, config: object, outcomes: Outcome[], status: number, calls: number][] = [
    ["nothing is wrong", { codes: [503] }, [200], 200, 1],
    ["a listed code", { codes: [503] }, [503, 200], 200, 2],
    ["a code that is not listed", { codes: [503] }, [500], 500, 1],
    ["attempts are further ones", { codes: [503], attempts: 2 }, [503, 503, 503], 503, 3],
    ["the backend cannot be reached", { codes: [] }, ["upstream_failed", 200], 200, 2],
    ["the backend is silent", { codes: [] }, ["upstream_timeout", 200], 200, 2],
    ["failures end in success", { codes: [502], attempts: 3 }, ["upstream_failed", 502, "upstream_timeout", 200], 200, 4],
    ["the gateway's own refusals", { codes: [] }, ["forbidden"], 403, 1],
    ["no backend to try", { codes: [] }, ["no_valid_backends"], 500, 1],
    ["a condition holds", { codes: [], condition: "response.code == 429" }, [429, 200], 200, 2],
    ["a condition on headers fails", { codes: [], condition: 'response.headers["retry"] == "yes"' }, [429], 429, 1],
    ["a precondition does not hold", { codes: [503], precondition: 'request.method == "PUT"' }, [503], 503, 1],
    ["a precondition fails", { codes: [503], precondition: "jwt.sub == 'x'" }, [503], 503, 1],
  ];
  for (const [why, config, outcomes, status, calls] of cases) {
    it(`makes ${calls} call${calls === 1 ? "" : "s"}: ${why}`, async () => {
      const { seen, below } = backend(...outcomes);
      const ran = await run(compilePolicy(retry, config), testExchange(), below);
      assert.deepEqual([ran.reply.status, ran.calls], [status, calls]);
      assert.deepEqual(seen, [undefined, "1", "2", "3"].slice(0, calls));
    });
  }

  const bodies: [why: string, body: string, chunked: boolean, calls: number][] = [
    ["64 KiB", "x".repeat(65_536), false, 2],
    ["more than 64 KiB", "x".repeat(65_537), false, 1],
    ["64 KiB of unknown length", "x".repeat(65_536), true, 2],
    ["more of unknown length", "x".repeat(65_537), true, 1],
  ];
  for (const [why, body, chunked, calls] of bodies) {
    it(`makes ${calls} calls with a body of ${why}`, async () => {
      const ran = await run(compilePolicy(retry, { codes: [503] }), testExchange({ method: "POST", body, chunked }), () => new Reply(503));
      assert.equal(ran.calls, calls);
      assert.equal(ran.exchange.body.collected !== undefined, calls === 2);
    });
  }

  it("does not replay a large body that somebody collected", async () => {
    const exchange = testExchange({ body: "x".repeat(70_000) });
    await exchange.body.collect(100_000);
    assert.equal((await run(compilePolicy(retry, { codes: [503] }), exchange, () => new Reply(503))).calls, 1);
  });

  it("lets go of the replies that it does not hand on, and only of those", async () => {
    const streams = [chunkedBody(["a"]), chunkedBody(["b"])];
    let call = 0;
    const { reply } = await run(
      compilePolicy(retry, { codes: [503] }),
      testExchange(),
      () => new Reply(503, new HeaderList(), streams[call++]!),
    );
    assert.deepEqual(
      streams.map(({ cancelled }) => cancelled),
      [true, false],
    );
    assert.equal(await bodyText(reply), "b");
  });

  it("looks at a reply's body where the condition needs it, and hands it on whole", async () => {
    const condition = 'json(response.body).error == "busy"';
    const body = () => new Reply(200, new HeaderList(), chunkedBody(['{"error":', '"busy"}']));
    const { reply, calls } = await run(compilePolicy(retry, { codes: [], condition }), testExchange(), body);
    assert.deepEqual([calls, await bodyText(reply)], [2, '{"error":"busy"}']);
  });

  it("never repeats an upgraded connection", async () => {
    const upgraded = () => new Reply(101, new HeaderList(), { socket: {} as never });
    assert.equal((await run(compilePolicy(retry, { codes: [101] }), testExchange({ upgrade: "websocket" }), upgraded)).calls, 1);
  });

  it("pauses between attempts, and stops when the exchange is over", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const patient = backend(503, 200);
      const running = run(compilePolicy(retry, { codes: [503], backoff: "100ms" }), testExchange(), patient.below);
      await new Promise(setImmediate);
      mock.timers.tick(99);
      await new Promise(setImmediate);
      assert.equal(patient.seen.length, 1);
      mock.timers.tick(1);
      assert.equal((await running).reply.status, 200);

      const exchange = testExchange();
      const abandoned = backend(503, 200);
      const ending = run(compilePolicy(retry, { codes: [503], backoff: "1h" }), exchange, abandoned.below);
      await new Promise(setImmediate);
      exchange.abort(new GatewayError("request_timeout"));
      assert.equal((await ending).reply.status, 499);
      assert.equal(abandoned.seen.length, 1);
    } finally {
      mock.timers.reset();
    }
  });

  it("does not try again for a client that has left", async () => {
    const ran = await run(compilePolicy(retry, { codes: [503] }), testExchange(), (exchange) => {
      exchange.abort(new GatewayError("client_closed"));
      return new Reply(503);
    });
    assert.equal(ran.calls, 1);
  });

  it("reports a body that breaks off while it is read", async () => {
    const exchange = testExchange();
    const broken = {
      ...testBody("x", true),
      length: undefined,
      collected: undefined,
      collect: () => Promise.reject(new GatewayError("client_closed")),
    };
    Object.defineProperty(exchange, "body", { value: broken });
    assert.equal((await run(compilePolicy(retry, { codes: [503] }), exchange)).reply.status, 499);
  });
});
