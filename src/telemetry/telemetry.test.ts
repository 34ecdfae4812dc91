import assert from "node:assert/strict";
import { test } from "node:test";
import { startHttpCollector } from "../../test/telemetry/collector.ts";
import { expression, field, finishedExchange, newExchange } from "../../test/telemetry/exchange.ts";
import { parseExposition } from "../../test/telemetry/exposition.ts";
import { MemoryOutput } from "../../test/telemetry/lines.ts";
import { createTelemetry, type TelemetrySettings } from "./telemetry.ts";

const settings: TelemetrySettings = {
  version: "1.2.3",
  logging: { level: "info", format: "text" },
  metrics: { remove: [], add: [], process: false },
  sensitiveHeaders: [],
};
const clock = { wall: () => 1_772_366_400_123, monotonic: () => 0 };
const plain = { accessLog: { add: [], remove: [] }, tracing: undefined };

function telemetry(changes: Partial<TelemetrySettings> = {}) {
  const output = new MemoryOutput();
  return { output, telemetry: createTelemetry({ ...settings, ...changes }, { clock, output, environment: {} }) };
}

test("one exchange reaches metrics and access log through the sinks of a runtime", async () => {
  const { telemetry: process, output } = telemetry();
  const runtime = process.forRuntime(plain);
  const exchange = newExchange({ headers: ["traceparent", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`] });
  runtime.startTrace(exchange);
  exchange.status = 200;
  for (const sink of runtime.sinks) sink.record(exchange);
  process.log.info("done");
  const requests = parseExposition(await process.render()).get("agentgateway_requests_total");
  assert.equal(requests?.samples[0]?.value, 1);
  await runtime.close();
  await process.close();
  assert.match(output.text, /\tinfo\trequest gateway=default\/default .* trace\.id=a{32} .*\n.*\tinfo\tturnpike\tdone\n$/);
});

test("metrics outlive a reload; log and trace settings do not", async () => {
  const { telemetry: process, output } = telemetry();
  const collector = await startHttpCollector();
  const first = process.forRuntime(plain);
  const second = process.forRuntime({
    accessLog: { add: [field("edition", () => "second")], remove: [] },
    tracing: {
      collector: { protocol: "http", url: `http://127.0.0.1:${collector.port}/v1/traces`, headers: {} },
      randomSampling: true,
      attributes: [],
      remove: [],
      resources: {},
    },
  });
  for (const runtime of [first, second]) {
    const exchange = finishedExchange();
    runtime.startTrace(exchange);
    for (const sink of runtime.sinks) sink.record(exchange);
    await runtime.close();
  }
  assert.equal(parseExposition(await process.render()).get("agentgateway_requests_total")?.samples[0]?.value, 2);
  await process.close();
  const [one, two] = output.text.split("\n");
  assert.ok(!one?.includes("edition") && two?.includes("edition=second"));
  assert.equal(collector.received.flatMap(({ spans }) => spans).length, 1);
  await collector.close();
});

test("a runtime tells whether some field needs the bodies", () => {
  const body = { ...expression(() => "x"), readsRequestBody: true };
  const response = { ...expression(() => "x"), readsResponseBody: true };
  assert.equal(telemetry().telemetry.forRuntime(plain).readsRequestBody, false);
  const byMetric = telemetry({ metrics: { remove: [], add: [{ name: "product", expression: body }], process: false } });
  assert.equal(byMetric.telemetry.forRuntime(plain).readsRequestBody, true);
  const byFilter = telemetry().telemetry.forRuntime({ ...plain, accessLog: { add: [], remove: [], filter: response } });
  assert.deepEqual([byFilter.readsRequestBody, byFilter.readsResponseBody], [false, true]);
});

test("process metrics come with the gateway's, once they are asked for", async () => {
  const { telemetry: process, output } = telemetry({ metrics: { remove: ["process_open_fds", "nonsense"], add: [], process: true } });
  const [families, again] = await Promise.all([process.render(), process.render()]);
  assert.equal(families, again, "scrapes at the same time share one run");
  const names = [...parseExposition(families).keys()];
  for (const name of ["agentgateway_build_info", "process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds"])
    assert.ok(names.includes(name), name);
  assert.ok(!names.includes("process_open_fds"));
  await process.close();
  assert.match(output.text, /config\.metrics\.remove names a metric that does not exist\tname=nonsense\n$/);
});

test("settings that make no sense are refused with their name", () => {
  assert.throws(() => telemetry({ logging: { level: "loud", format: "text" } }), /unknown log level `loud`/);
  assert.throws(
    () => telemetry({ metrics: { remove: [], add: [field("status", () => "x")], process: false } }),
    /label `status` already exists/,
  );
});
