import assert from "node:assert/strict";
import { test } from "node:test";
import { newExchange } from "../../test/telemetry/exchange.ts";
import { propagate, recordSpan, traceMeta } from "./propagation.ts";

const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: undefined, sampled: true, traceState: "v=1" };
const call = { name: "call", startedAt: 1, endedAt: 2, attributes: {}, error: undefined };

test("a sampled exchange propagates its trace under a new span id", () => {
  const exchange = newExchange();
  exchange.trace = trace;
  const first = propagate(exchange);
  const second = propagate(exchange);
  assert.equal(first?.traceparent, `00-${trace.traceId}-${first?.spanId}-01`);
  assert.equal(first?.tracestate, "v=1");
  assert.notEqual(first?.spanId, second?.spanId);
});

test("an exchange that is not sampled propagates nothing and records nothing", () => {
  const exchange = newExchange();
  assert.equal(propagate(exchange), undefined);
  exchange.trace = { ...trace, sampled: false };
  assert.equal(propagate(exchange), undefined);
  recordSpan(exchange, undefined, call);
  assert.deepEqual(exchange.spans, []);
});

test("a call's span hangs below the exchange's, and their number has a bound", () => {
  const exchange = newExchange();
  exchange.trace = trace;
  const propagation = propagate(exchange);
  for (let i = 0; i < 300; i++) recordSpan(exchange, propagation, call);
  assert.equal(exchange.spans.length, 256);
  assert.deepEqual(exchange.spans[0], { ...call, spanId: propagation?.spanId, parentSpanId: trace.spanId });
});

test("an MCP message carries the new context when sampled, else the client's", () => {
  const exchange = newExchange({ headers: ["traceparent", "t", "tracestate", "s", "baggage", "b=1"] });
  assert.deepEqual(traceMeta(exchange, undefined), { traceparent: "t", tracestate: "s", baggage: "b=1" });
  exchange.trace = { ...trace, traceState: undefined };
  const propagation = propagate(exchange);
  assert.deepEqual(traceMeta(exchange, propagation), { traceparent: propagation?.traceparent, baggage: "b=1" });
  assert.deepEqual(traceMeta(newExchange(), undefined), {});
});
