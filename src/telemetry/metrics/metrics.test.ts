import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../contract/errors.ts";
import { field, finishedExchange, listenerNames, llmExchange, mcpExchange, newExchange } from "../../../test/telemetry/exchange.ts";
import { parseExposition } from "../../../test/telemetry/exposition.ts";
import { createMetrics, describeMetrics, type Metrics, type MetricsSettings } from "./index.ts";

const settings: MetricsSettings = { version: "1.2.3", remove: [], customLabels: [] };

async function scrape(metrics: Metrics) {
  return parseExposition(Buffer.from(await metrics.registry.render()).toString());
}

async function valueOf(metrics: Metrics, name: string, labels: Record<string, string> = {}): Promise<number> {
  const family = [...(await scrape(metrics)).values()].find((one) => one.samples.some((sample) => sample.name === name));
  const found = (family?.samples ?? []).filter(
    (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)} matches ${found.length} samples`);
  return found[0]?.value ?? Number.NaN;
}

test("a request is counted under the reference's names and labels", async () => {
  const metrics = createMetrics(settings);
  metrics.record(finishedExchange());
  metrics.record(finishedExchange());

  const requests = (await scrape(metrics)).get("agentgateway_requests_total");
  assert.equal(requests?.type, "counter");
  assert.deepEqual(requests?.samples, [
    {
      name: "agentgateway_requests_total",
      labels: {
        backend: "static",
        protocol: "http",
        method: "GET",
        status: "200",
        reason: "Upstream",
        bind: "bind/3000",
        gateway: "default/default",
        listener: "listener0",
        route: "default/route0",
        route_rule: "unknown",
      },
      value: 2,
    },
  ]);
  assert.equal(await valueOf(metrics, "agentgateway_response_bytes_total"), 1024);
  assert.equal(await valueOf(metrics, "agentgateway_request_duration_seconds_sum"), 0.025);
  assert.equal(await valueOf(metrics, "agentgateway_request_duration_seconds_bucket", { le: "0.01" }), 0);
  assert.equal(await valueOf(metrics, "agentgateway_request_duration_seconds_bucket", { le: "0.025" }), 2);
  assert.equal(await valueOf(metrics, "agentgateway_request_processing_seconds_sum"), 0.0005);
  assert.equal(await valueOf(metrics, "agentgateway_response_processing_seconds_sum"), 0.001);
});

test("an error of the gateway is counted with its reason, and nothing is counted for a backend that was never called", async () => {
  const metrics = createMetrics(settings);
  const exchange = newExchange();
  exchange.error = new GatewayError("route_not_found");
  exchange.status = 404;
  exchange.finishedAt = 1_001;
  metrics.record(exchange);

  assert.equal(await valueOf(metrics, "agentgateway_requests_total", { reason: "NotFound", route: "unknown", protocol: "unknown" }), 1);
  assert.equal((await scrape(metrics)).has("agentgateway_request_processing_seconds"), false);
});

test("retries are the attempts after the first", async () => {
  const metrics = createMetrics(settings);
  const exchange = finishedExchange();
  exchange.attempts.unshift({ backend: "other", endpoint: undefined, status: 503 }, { backend: "other", endpoint: undefined, status: 503 });
  metrics.record(exchange);
  assert.equal(await valueOf(metrics, "agentgateway_retries_total", { backend: "static" }), 2);
});

test("a tool call is counted by server and tool, with the labels that the configuration adds", async () => {
  const customLabels = [field("product", () => "billing"), field("user_email", () => undefined), field("number", () => 7)];
  const metrics = createMetrics({ ...settings, customLabels });
  metrics.record(mcpExchange("search"));
  const labels = { method: "tools/call", resource_type: "tool", server: "everything", resource: "search", product: "billing" };
  assert.equal(await valueOf(metrics, "agentgateway_mcp_requests_total", { ...labels, user_email: "unknown", number: "unknown" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_requests_total", { product: "billing", protocol: "mcp" }), 1);
});

test("requests without a JSON-RPC method are not MCP requests", async () => {
  const metrics = createMetrics(settings);
  const exchange = mcpExchange();
  exchange.mcp = { sessionId: "s-1" };
  metrics.record(exchange);
  assert.equal((await scrape(metrics)).has("agentgateway_mcp_requests_total"), false);
});

test("a model call is counted by tokens, duration and pace", async () => {
  const metrics = createMetrics({ ...settings, customLabels: [field("user_email", () => "a@example.com")] });
  metrics.record(llmExchange());
  const call = {
    gen_ai_operation_name: "chat",
    gen_ai_system: "openai",
    gen_ai_request_model: "gpt-5.5",
    gen_ai_response_model: "gpt-5.5-2026-04-23",
    user_email: "a@example.com",
  };
  const name = "agentgateway_gen_ai_client_token_usage_sum";
  assert.equal(await valueOf(metrics, name, { ...call, gen_ai_token_type: "input" }), 250);
  assert.equal(await valueOf(metrics, name, { ...call, gen_ai_token_type: "output" }), 100);
  assert.equal(await valueOf(metrics, name, { ...call, gen_ai_token_type: "input_cache_read" }), 200);
  assert.equal(await valueOf(metrics, "agentgateway_gen_ai_server_request_duration_sum", call), 0.0125);
  assert.equal(await valueOf(metrics, "agentgateway_gen_ai_server_time_to_first_token_sum", call), 0.005);
  assert.equal(await valueOf(metrics, "agentgateway_gen_ai_server_time_per_output_token_sum", call), 0.000075);
  const types = (await scrape(metrics))
    .get("agentgateway_gen_ai_client_token_usage")
    ?.samples.map(({ labels }) => labels["gen_ai_token_type"]);
  assert.deepEqual([...new Set(types)], ["input", "output", "input_cache_read"], "what was not reported is not counted as 0");
});

test("events outside of exchanges", async () => {
  const metrics = createMetrics(settings);
  const { events } = metrics;
  events.connectionOpened(listenerNames, "https");
  events.connectionBytes(listenerNames, "https", { received: 10, sent: 20 });
  events.tlsHandshake(listenerNames, "https", 4);
  events.upstreamConnected("tls", 30);
  events.upstreamCalled({ kind: "Primary", subtype: "Mcp" }, 7);
  events.configSynchronized(false);
  events.ruleFailed("authorization");
  let held = 3;
  events.countSessions(() => held);

  assert.equal(await valueOf(metrics, "agentgateway_downstream_connections_total", { bind: "bind/3000", protocol: "https" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_downstream_received_bytes_total"), 10);
  assert.equal(await valueOf(metrics, "agentgateway_downstream_sent_bytes_total"), 20);
  assert.equal(await valueOf(metrics, "agentgateway_tls_handshake_duration_seconds_bucket", { le: "0.0043" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_upstream_connect_duration_seconds_count", { transport: "tls" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_upstream_call_duration_seconds_sum", { kind: "Primary", subtype: "Mcp" }), 0.007);
  assert.equal(await valueOf(metrics, "agentgateway_config_synchronized"), 0);
  assert.equal(await valueOf(metrics, "agentgateway_rule_errors_total", { place: "authorization" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_build_info", { tag: "1.2.3" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_mcp_sessions"), 3);
  held = 2;
  assert.equal(await valueOf(metrics, "agentgateway_mcp_sessions"), 2);
});

test("beyond the limit of series, chosen values become `overflow` and the fixed labels stay", async () => {
  const metrics = createMetrics({ ...settings, seriesLimit: 20, customLabels: [field("user", ({ incoming }) => incoming.path)] });
  for (let i = 0; i < 500; i++) metrics.record(finishedExchange({ path: `/${i}` }));

  const requests = (await scrape(metrics)).get("agentgateway_requests_total");
  assert.equal(requests?.samples.length, 21);
  assert.equal(await valueOf(metrics, "agentgateway_requests_total", { user: "overflow", route: "default/route0", status: "200" }), 480);
  assert.equal(await valueOf(metrics, "agentgateway_requests_total", { user: "/19" }), 1);
  assert.equal(await valueOf(metrics, "agentgateway_metric_label_overflow_total", { family: "http" }), 480);
});

test("even combinations of fixed labels have a bound", async () => {
  const metrics = createMetrics({ ...settings, seriesLimit: 20 });
  for (let i = 0; i < 500; i++) {
    const exchange = finishedExchange();
    exchange.attempts[0] = { backend: `b${i}`, endpoint: undefined, status: 200 };
    metrics.record(exchange);
  }
  const requests = (await scrape(metrics)).get("agentgateway_requests_total");
  assert.equal(requests?.samples.length, 41);
  assert.equal(await valueOf(metrics, "agentgateway_requests_total", { backend: "overflow", route: "overflow", status: "overflow" }), 460);
});

test("models that a client makes up cannot fill the memory", async () => {
  const metrics = createMetrics({ ...settings, seriesLimit: 10 });
  for (let i = 0; i < 100; i++) metrics.record(llmExchange({ requestModel: `m${i}`.padEnd(5_000, "x") }));
  const family = (await scrape(metrics)).get("agentgateway_gen_ai_server_request_duration");
  const models = new Set(family?.samples.map(({ labels }) => labels["gen_ai_request_model"]));
  assert.equal(models.size, 11);
  assert.ok([...models].every((model) => (model ?? "").length <= 200));
});

test("`remove` takes a metric out by any form of its name, and tells of names that nothing has", async () => {
  const remove = ["requests", "agentgateway_request_duration_seconds", "response", "downstream_sent_bytes", "no_such_metric"];
  const metrics = createMetrics({ ...settings, remove });
  metrics.record(finishedExchange());
  metrics.events.connectionBytes(listenerNames, "http", { received: 1, sent: 1 });
  const names = [...(await scrape(metrics)).keys()];
  assert.deepEqual(
    names.filter((name) => /requests_total|request_duration|response_bytes|sent_bytes/.test(name)),
    [],
  );
  assert.ok(names.includes("agentgateway_downstream_received_bytes_total"));
  assert.deepEqual(metrics.registry.unknownRemovals(), ["no_such_metric"]);
});

test("an added label that exists already is refused with its name", () => {
  assert.throws(
    () => createMetrics({ ...settings, customLabels: [field("method", () => "x")] }),
    /label `method` already exists on agentgateway_/,
  );
  assert.throws(() => createMetrics({ ...settings, customLabels: [field("le", () => "x")] }), /label `le` already exists/);
  assert.throws(
    () => createMetrics({ ...settings, customLabels: [field("a.b", () => "x"), field("a_b", () => "x")] }),
    /label `a_b` already/,
  );
});

test("an added label's name is made one that Prometheus takes", async () => {
  const metrics = createMetrics({ ...settings, customLabels: [field("user.email", () => "x"), field("1st", () => "y")] });
  metrics.record(finishedExchange());
  assert.equal(await valueOf(metrics, "agentgateway_requests_total", { user_email: "x", _1st: "y" }), 1);
});

test("the reference page's data: every metric with type, help and labels", () => {
  const described = describeMetrics();
  const names = described.map(({ name }) => name);
  for (const name of ["requests_total", "mcp_requests_total", "gen_ai_client_token_usage", "config_synchronized", "build_info"]) {
    assert.ok(names.includes(`agentgateway_${name}`), name);
  }
  assert.ok(described.every(({ help, name }) => help.length > 10 && /^agentgateway_[a-z_]+$/.test(name)));
  assert.ok(described.every(({ type, buckets }) => (type === "histogram") === (buckets !== undefined)));
});

test("whatever a client puts into label values, the exposition stays well-formed", async () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', "\\", "\n", "\r", "\0", "{", "}", ","),
      fc.nat(0xffff).map((code) => String.fromCharCode(code)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { maxLength: 20 }), async (pairs) => {
      const metrics = createMetrics({
        ...settings,
        seriesLimit: 15,
        customLabels: [field("custom", ({ incoming }) => incoming.authority)],
      });
      for (const [model, custom] of pairs) {
        const exchange = llmExchange({ requestModel: model });
        Object.assign(exchange.incoming, { authority: custom });
        metrics.record(exchange);
      }
      const total = (await scrape(metrics)).get("agentgateway_requests_total")?.samples.reduce((sum, { value }) => sum + value, 0) ?? 0;
      assert.equal(total, pairs.length);
    }),
    { numRuns: 60 },
  );
});

test("a scrape of many series lets other work run in between", async () => {
  const metrics = createMetrics({ ...settings, customLabels: [field("user", ({ incoming }) => incoming.path)] });
  for (let i = 0; i < 1_500; i++) metrics.record(finishedExchange({ path: `/${i}` }));
  let turns = 0;
  let done = false;
  const count = () => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await metrics.registry.render();
  done = true;
  assert.ok(turns >= 30, `the event loop turned ${turns} times`);
});
