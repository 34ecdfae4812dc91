import assert from "node:assert/strict";
import { runtimeTelemetrySettings } from "../../../src/config/compile/telemetry.ts";
import type { TracingSettings } from "../../../src/telemetry/tracing/tracing.ts";
import { of, type Proof, proof } from "./proof.ts";
import { type Draft, onSite, oneRoute, read } from "./site.ts";

/** Log, metrics and traces. What becomes of tracing's settings is shown by the tests beside its code. */

/** The lines of the access log that one request makes. */
async function logged(rest: Draft, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  let lines = "";
  await onSite(
    (upstream) => ({ ...oneRoute(upstream), ...rest }),
    async ({ ask, gateway }) => {
      await ask("/", { headers });
      lines = (await gateway.output())
        .split("\n")
        .filter((line) => line.includes("http.method"))
        .join("\n");
    },
  );
  return lines;
}

function tracingOf(draft: Draft): TracingSettings {
  return runtimeTelemetrySettings(read(draft), {}).tracing ?? assert.fail("no tracing");
}

const names = (fields: readonly { readonly name: string }[]): string[] => fields.map(({ name }) => name);
const add = { added: "1 + 1" };

export const telemetryProofs: readonly Proof[] = [
  proof(of("ConfigSection", "logging.level"), "at a lower level there is no access log", async () => {
    assert.notEqual(await logged({ config: { logging: { level: "info" } } }), "");
    assert.equal(await logged({ config: { logging: { level: "error" } } }), "");
    assert.equal(await logged({ config: { logging: { level: ["info", "request=off"] } } }), "");
  }),
  proof(of("ConfigSection", "logging.format"), "lines are JSON or text", async () => {
    const json = JSON.parse(await logged({ config: { logging: { format: "json" } } })) as Record<string, unknown>;
    assert.equal(json["http.method"], "GET");
    assert.match(await logged({ config: { logging: { format: "text" } } }), /http\.method=GET/);
  }),
  proof(
    [
      ...of("ConfigSection", "logging.filter logging.fields.remove logging.fields.add"),
      ...of("AccessLog", "filter add remove"),
      ...of("FrontendPolicies", "accessLog logging"),
    ],
    "fields are added and left out, and requests filtered, in all three spellings",
    async () => {
      const places: readonly ((filter: string) => Draft)[] = [
        (filter) => ({ config: { logging: { filter, fields: { add, remove: ["http.path"] } } } }),
        (filter) => ({ frontendPolicies: { accessLog: { filter, add, remove: ["http.path"] } } }),
        (filter) => ({ frontendPolicies: { logging: { filter, add, remove: ["http.path"] } } }),
      ];
      for (const place of places) {
        const line = await logged(place("response.code == 200"));
        assert.match(line, /added=2/);
        assert.doesNotMatch(line, /http\.path/);
        assert.equal(await logged(place("response.code == 500")), "");
      }
    },
  ),
  proof(of("ConfigSection", "sensitiveHeaders"), "values of these headers are not shown", async () => {
    const frontendPolicies = { accessLog: { add: { pass: 'request.headers["x-pass"]' } } };
    const headers = { "x-pass": "hunter2" };
    assert.match(await logged({ frontendPolicies }, headers), /hunter2/);
    assert.doesNotMatch(await logged({ frontendPolicies, config: { sensitiveHeaders: ["X-Pass"] } }, headers), /hunter2/);
  }),
  proof(of("ConfigSection", "metrics.remove metrics.fields.add"), "metrics are left out, labels added", () =>
    onSite(
      (upstream) => ({
        ...oneRoute(upstream),
        config: { metrics: { remove: ["response_bytes"], fields: { add: { product: 'request.headers["x-product"]' } } } },
      }),
      async ({ ask, gateway }) => {
        await ask("/", { headers: { "x-product": "shop" } });
        const text = await gateway.metrics();
        assert.match(text, /agentgateway_requests_total\{[^}]*product="shop"/);
        assert.doesNotMatch(text, /response_bytes/);
      },
    ),
  ),
  proof(
    of(
      "ConfigSection",
      "tracing.otlpEndpoint tracing.otlpProtocol tracing.headers tracing.path tracing.fields.remove tracing.fields.add tracing.randomSampling tracing.clientSampling",
    ),
    "the older form of tracing says where to and what",
    () => {
      const fields = { add, remove: ["http.path"] };
      const where = { otlpEndpoint: "http://otel.test:4318", otlpProtocol: "http", path: "/in", headers: { "X-Key": "k" } };
      const found = tracingOf({ config: { tracing: { ...where, fields, randomSampling: 0.5, clientSampling: "0.25" } } });
      assert.deepEqual(found.collector, { protocol: "http", url: "http://otel.test:4318/in", headers: { "x-key": "k" } });
      assert.deepEqual([names(found.attributes), found.remove, found.randomSampling], [["added"], ["http.path"], 0.5]);
      assert.equal(typeof found.clientSampling, "object");
    },
  ),
  proof(
    [
      ...of("FrontendPolicies", "tracing"),
      ...of("Tracing", "host backend protocol path attributes resources remove randomSampling clientSampling filter"),
    ],
    "tracing says where to and what",
    () => {
      const what = {
        attributes: add,
        resources: { "service.name": '"gw"' },
        remove: ["http.path"],
        randomSampling: true,
        clientSampling: 0.1,
      };
      const found = tracingOf({
        frontendPolicies: { tracing: { host: "otel.test:4318", protocol: "http", path: "/in", filter: "false", ...what } },
      });
      assert.deepEqual(found.collector, { protocol: "http", url: "http://otel.test:4318/in", headers: {} });
      assert.deepEqual([names(found.attributes), found.resources, found.remove], [["added"], { "service.name": "gw" }, ["http.path"]]);
      assert.deepEqual([found.randomSampling, found.clientSampling, found.filter?.source], [1, 0.1, "false"]);
      const backends = [{ name: "otel", host: "otel.test:4317", policies: { backendTLS: {} } }];
      const byName = tracingOf({ backends, frontendPolicies: { tracing: { backend: "otel" } } });
      assert.deepEqual(byName.collector, { protocol: "grpc", url: "https://otel.test:4317", headers: {} });
    },
  ),
];
