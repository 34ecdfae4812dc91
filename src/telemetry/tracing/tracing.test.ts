import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { Flattened } from "../../contract/expression.ts";
import { propagate, recordSpan } from "../../contract/propagation.ts";
import type { Log } from "../../contract/runtime.ts";
import { startGrpcCollector, startHttpCollector } from "../../../test/telemetry/collector.ts";
import { expression, field, finishedExchange, llmExchange, mcpExchange, newExchange, startedAt } from "../../../test/telemetry/exchange.ts";
import { pairs, policyCollector, staticCollector } from "./collector.ts";
import { createSpanBuilder, type SpanSettings } from "./exchange-spans.ts";
import { createStartTrace, startWithoutTracing } from "./start.ts";
import { createTracing, type Tracing, type TracingSettings } from "./tracing.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const sampledHeader = `00-${traceId}-${parentId}-01`;

const quick = { batchAfterMs: 1, timeoutMs: 2_000 };
const patient = { batchAfterMs: 60_000, timeoutMs: 500 };

class KeptLog implements Log {
  readonly lines: string[] = [];
  debug(): void {}
  info(): void {}
  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}

function tracing(settings: Partial<TracingSettings> & Pick<TracingSettings, "collector">, log: Log = new KeptLog()): Tracing {
  const clock = { wall: () => 0, monotonic: () => 0 };
  const tools = {
    log,
    clock,
    version: "1.2.3",
    sensitiveHeaders: new Set(["authorization"]),
    environment: { OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=te%20st" },
  };
  return createTracing({ attributes: [], remove: [], resources: {}, pace: quick, ...settings }, tools);
}

function traced(exchange: Exchange = finishedExchange()): Exchange {
  exchange.trace = { traceId, spanId: "c".repeat(16), parentSpanId: parentId, sampled: true, traceState: "vendor=1" };
  return exchange;
}

function spansOf(exchange: Exchange, settings: Partial<SpanSettings> = {}) {
  return createSpanBuilder({ attributes: [], remove: [], sensitiveHeaders: new Set(["authorization"]), ...settings })(exchange);
}

test("a client's trace goes on below its span", () => {
  const exchange = newExchange({ headers: ["traceparent", sampledHeader, "tracestate", "a=1", "tracestate", "b=2"] });
  createStartTrace({ randomSampling: false, clientSampling: true })(exchange);
  assert.equal(exchange.trace?.traceId, traceId);
  assert.equal(exchange.trace?.parentSpanId, parentId);
  assert.equal(exchange.trace?.traceState, "a=1,b=2");
  assert.equal(exchange.trace?.sampled, true);
  assert.notEqual(exchange.trace?.spanId, parentId);
});

test("what the client does not sample is not sampled, but keeps its trace id for the log", () => {
  const unsampled = newExchange({ headers: ["traceparent", `00-${traceId}-${parentId}-00`] });
  createStartTrace({ randomSampling: true, clientSampling: true })(unsampled);
  assert.deepEqual([unsampled.trace?.traceId, unsampled.trace?.sampled], [traceId, false]);

  const refused = newExchange({ headers: ["traceparent", sampledHeader] });
  createStartTrace({ randomSampling: true, clientSampling: false })(refused);
  assert.equal(refused.trace?.sampled, false);

  const untraced = newExchange({ headers: ["traceparent", sampledHeader] });
  startWithoutTracing(untraced);
  assert.deepEqual([untraced.trace?.traceId, untraced.trace?.sampled], [traceId, false]);
});

test("a new trace begins as random sampling says: always, never, a share, or an expression", () => {
  const share = (randomSampling: Parameters<typeof createStartTrace>[0]["randomSampling"]): number => {
    const start = createStartTrace({ randomSampling, clientSampling: true });
    let begun = 0;
    for (let i = 0; i < 400; i++) {
      const exchange = newExchange();
      start(exchange);
      if (exchange.trace !== undefined) begun++;
    }
    return begun;
  };
  assert.equal(share(true), 400);
  assert.equal(share(false), 0);
  assert.equal(share(1), 400);
  assert.equal(share(0), 0);
  const half = share(0.5);
  assert.ok(half > 120 && half < 280, `${half} of 400`);
  assert.equal(share(expression(({ incoming }) => incoming.path === "/get")), 400);
  assert.equal(share(expression(() => 0)), 0);
  assert.equal(share(expression(() => undefined)), 0, "an expression that fails samples nothing");
});

test("a bad traceparent begins a new trace, and nothing of it is kept", () => {
  const exchange = newExchange({ headers: ["traceparent", `00-${traceId}-zz`, "tracestate", "a=1"] });
  createStartTrace({ randomSampling: true, clientSampling: true })(exchange);
  assert.notEqual(exchange.trace?.traceId, traceId);
  assert.equal(exchange.trace?.parentSpanId, undefined);
  assert.equal(exchange.trace?.traceState, undefined);
});

test("the request's span: name, times, attributes", () => {
  const [span] = spansOf(traced(llmExchange()));
  assert.equal(span?.name, "POST /get");
  assert.equal(span?.kind, "server");
  assert.equal(span?.parentSpanId, parentId);
  assert.deepEqual([span?.startedAt, span?.endedAt], [startedAt, startedAt + 12.5]);
  assert.equal(span?.error, undefined);
  assert.equal(span?.attributes["gen_ai.request.model"], "gpt-5.5");
  assert.equal(span?.attributes["gen_ai.usage.input_tokens"], 250);
  assert.equal(span?.attributes["http.status"], 200);
  assert.equal(span?.attributes["url.scheme"], "http");
  assert.equal(span?.attributes["network.protocol.version"], "1.1");
  assert.equal("trace.id" in (span?.attributes ?? {}), false);
});

test("span names: the chosen one, the MCP method and tool, the gRPC method, the route's pattern, the HTTP method", () => {
  const name = (exchange: Exchange, settings: Partial<SpanSettings> = {}) => spansOf(traced(exchange), settings)[0]?.name;
  assert.equal(name(mcpExchange("echo")), "tools/call echo");
  assert.equal(
    name(finishedExchange({ method: "POST", path: "/pkg.Service/Do", headers: ["content-type", "application/grpc+proto"] })),
    "pkg.Service/Do",
  );
  assert.equal(name(finishedExchange()), "GET /get");
  const unmatched = finishedExchange();
  unmatched.route = undefined;
  assert.equal(name(unmatched), "GET");
  const attributes = [field("span.name", () => "mine")];
  assert.equal(name(finishedExchange(), { attributes }), "mine");
  assert.equal("span.name" in (spansOf(traced(), { attributes })[0]?.attributes ?? {}), false);
});

test("attributes are added, replaced and removed; sensitive headers stay out; their number has a bound", () => {
  const attributes = [
    field("user", () => "alice"),
    field("http.host", () => undefined),
    field("list", () => [1, 2]),
    field(
      "headers",
      () =>
        new Flattened([
          ["authorization", "Bearer x"],
          ["accept", "*/*"],
        ]),
    ),
    field("many", () => new Flattened(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, i] as const))),
  ];
  const [span] = spansOf(traced(), { attributes, remove: ["url.scheme", "duration"] });
  const found = span?.attributes ?? {};
  assert.equal(found["user"], "alice");
  assert.equal(found["list"], "[1,2]");
  assert.equal(found["headers.authorization"], "[redacted]");
  assert.equal(found["headers.accept"], "*/*");
  for (const gone of ["http.host", "url.scheme", "duration"]) assert.equal(gone in found, false, gone);
  assert.equal(Object.keys(found).length, 256);
});

test("status: only failures of our side or behind it are errors of the span", () => {
  const failed = traced();
  failed.error = new GatewayError("upstream_failed", { detail: "connect ECONNREFUSED" });
  failed.status = 503;
  assert.equal(spansOf(failed)[0]?.error, "upstream call failed: connect ECONNREFUSED");
  assert.equal(spansOf(failed)[0]?.attributes["error.type"], "upstream_failed");

  const refused = traced();
  refused.error = new GatewayError("rate_limited");
  refused.status = 429;
  assert.equal(spansOf(refused)[0]?.error, undefined);

  const tool = traced(mcpExchange());
  if (tool.mcp !== undefined) tool.mcp.error = { code: -32602, message: "bad" };
  assert.equal(spansOf(tool)[0]?.error, "JSON-RPC error -32602");
  assert.equal(spansOf(tool)[0]?.attributes["error.type"], "-32602");
});

test("the filter keeps what is true; what is not sampled has no spans", () => {
  assert.equal(spansOf(traced(), { filter: expression(() => true) }).length, 1);
  for (const value of [false, undefined, "true"]) assert.equal(spansOf(traced(), { filter: expression(() => value) }).length, 0);
  assert.equal(spansOf(finishedExchange()).length, 0);
});

function exchangeWithCall(): Exchange {
  const exchange = traced(mcpExchange("echo"));
  const attributes = { "agentgateway.outbound.kind": "Primary", "http.response.status_code": 200, ok: true };
  recordSpan(exchange, propagate(exchange), {
    name: "POST 127.0.0.1:8080",
    startedAt: startedAt + 1,
    endedAt: startedAt + 9.5,
    attributes,
    error: "reset",
  });
  return exchange;
}

for (const protocol of ["http", "grpc"] as const) {
  test(`spans reach a collector over ${protocol}`, async () => {
    const collector = await (protocol === "http" ? startHttpCollector() : startGrpcCollector());
    const url = protocol === "http" ? `http://127.0.0.1:${collector.port}/v1/traces` : `http://127.0.0.1:${collector.port}`;
    const traces = tracing({
      collector: { protocol, url, headers: { "x-team": "gw" } },
      resources: { "service.name": "edge", replicas: 2 },
    });
    try {
      traces.sink.record(exchangeWithCall());
      const { spans, resource, headers, path } = await collector.next();
      assert.equal(path, protocol === "http" ? "/v1/traces" : "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
      assert.equal(headers["x-team"], "gw");
      assert.equal(resource["service.name"], "edge");
      assert.equal(resource["service.version"], "1.2.3");
      assert.equal(resource["deployment.environment"], "te st");
      assert.equal(resource["replicas"], 2);
      const [root, call] = spans;
      assert.equal(spans.length, 2);
      assert.deepEqual(
        [root?.name, root?.kind, root?.traceId, root?.spanId, root?.parentSpanId],
        ["tools/call echo", 2, traceId, "c".repeat(16), parentId],
      );
      assert.equal(root?.attributes["mcp.method.name"], "tools/call");
      assert.equal(root?.attributes["http.status"], 200);
      assert.equal(root?.traceState, "vendor=1");
      assert.equal(root?.statusCode, 0);
      assert.deepEqual([call?.name, call?.kind, call?.parentSpanId], ["POST 127.0.0.1:8080", 3, "c".repeat(16)]);
      assert.equal(call?.attributes["ok"], true);
      assert.equal(call?.statusCode, 2);
    } finally {
      await traces.close();
      await collector.close();
    }
  });
}

test("closing sends what is left", async () => {
  const collector = await startHttpCollector();
  const traces = tracing({
    collector: { protocol: "http", url: `http://127.0.0.1:${collector.port}/v1/traces`, headers: {} },
    pace: patient,
  });
  for (let i = 0; i < 600; i++) traces.sink.record(traced());
  await traces.close();
  assert.equal(
    collector.received.reduce((sum, { spans }) => sum + spans.length, 0),
    600,
  );
  traces.sink.record(traced());
  await collector.close();
});

test("a collector that refuses costs a warning, not one per export", async () => {
  const collector = await startHttpCollector(400);
  const log = new KeptLog();
  const traces = tracing({ collector: { protocol: "http", url: `http://127.0.0.1:${collector.port}/v1/traces`, headers: {} } }, log);
  for (let round = 0; round < 3; round++) {
    traces.sink.record(traced());
    await collector.next();
    await pause(10);
  }
  await traces.close();
  await collector.close();
  assert.deepEqual(log.lines, ["warn trace collector not reached"]);
});

test("a collector that is down neither delays nor breaks anything, and what waits for it has a bound", async () => {
  const log = new KeptLog();
  const traces = tracing({ collector: { protocol: "http", url: "http://127.0.0.1:1/v1/traces", headers: {} }, pace: patient }, log);
  const exchange = traced();
  const from = performance.now();
  for (let i = 0; i < 6_000; i++) traces.sink.record(exchange);
  assert.ok(performance.now() - from < 2_000);
  assert.deepEqual(log.lines, ["warn spans dropped: the trace collector is too slow"]);
  const closing = performance.now();
  await traces.close();
  assert.ok(performance.now() - closing < 4_000, "closing has a deadline");
});

test("where spans are sent to", () => {
  const policy = { host: "otel:4317", protocol: "grpc", tls: false } as const;
  assert.deepEqual(policyCollector(policy), { protocol: "grpc", url: "http://otel:4317", headers: {} });
  assert.equal(policyCollector({ ...policy, protocol: "http", tls: true }).url, "https://otel:4317/v1/traces");
  assert.equal(policyCollector({ ...policy, protocol: "http", path: "/x" }).url, "http://otel:4317/x");

  const endpoint = { otlpEndpoint: "http://otel:4318", otlpProtocol: "http" } as const;
  assert.equal(staticCollector(endpoint, {})?.url, "http://otel:4318/v1/traces");
  assert.equal(staticCollector({ ...endpoint, otlpEndpoint: "http://otel:4318/api/traces" }, {})?.url, "http://otel:4318/api/traces");
  assert.equal(staticCollector(endpoint, { OTLP_ENDPOINT: "http://other:1" })?.url, "http://other:1/v1/traces");
  assert.equal(staticCollector({}, {}), undefined);
  assert.deepEqual(
    staticCollector(
      { headers: { b: "file" } },
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318/base/",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_HEADERS: "a=1%202,b=env,bad",
      },
    ),
    { protocol: "http", url: "http://otel:4318/base/v1/traces", headers: { a: "1 2", b: "file" } },
  );
  assert.equal(
    staticCollector({}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t/as/is", OTEL_EXPORTER_OTLP_ENDPOINT: "http://x" })?.url,
    "http://t/as/is",
  );
  assert.throws(() => staticCollector({ otlpEndpoint: "http://" }, {}), /endpoint `http:\/\/` is not a URL/);

  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "=", ",", "%", "2", "0", " ", "z") }), (text) => {
      for (const [name, value] of Object.entries(pairs(text))) assert.ok(!name.includes("=") && typeof value === "string");
    }),
  );
});
