import type { CompiledExpression } from "../../cel/compile.ts";
import { fieldExpression } from "../../cel/environment.ts";
import { toPlain } from "../../cel/plain.ts";
import type { NamedExpression } from "../../contract/expression.ts";
import { labelName } from "../../telemetry/metrics/index.ts";
import type { RuntimeTelemetrySettings, TelemetrySettings } from "../../telemetry/telemetry.ts";
import { type Collector, policyCollector, staticCollector } from "../../telemetry/tracing/collector.ts";
import type { Sampling } from "../../telemetry/tracing/start.ts";
import type { TracingSettings } from "../../telemetry/tracing/tracing.ts";
import type { Config } from "../schema/document.ts";
import type { Sampling as SamplingConfig } from "../schema/telemetry-values.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What metrics and the log take from the `config` section, read once at the start; the environment wins. */
export function telemetrySettings(config: Config, version: string, environment: Environment): TelemetrySettings {
  const section = config.config;
  const format = environment["LOG_FORMAT"];
  return {
    version,
    logging: {
      level: environment["RUST_LOG"] ?? section?.logging?.level ?? "info",
      format: format === "json" || format === "text" ? format : (section?.logging?.format ?? "text"),
    },
    metrics: {
      remove: section?.metrics?.remove ?? [],
      add: named(section?.metrics?.fields?.add).map(({ name, expression }) => ({ name: labelName(name), expression })),
      process: true,
    },
    sensitiveHeaders: section?.sensitiveHeaders ?? [],
  };
}

/** What the access log and tracing take from `frontendPolicies`, or from their older places under `config`. */
export function runtimeTelemetrySettings(config: Config, environment: Environment): RuntimeTelemetrySettings {
  const { accessLog } = config.frontendPolicies;
  const older = config.config?.logging;
  const filter = accessLog?.filter ?? older?.filter;
  return {
    accessLog: {
      filter: filter === undefined ? undefined : fieldExpression(filter),
      add: [...named(older?.fields?.add), ...named(accessLog?.add)],
      remove: [...(older?.fields?.remove ?? []), ...(accessLog?.remove ?? [])],
    },
    tracing: policyTracing(config) ?? staticTracing(config, environment),
  };
}

function policyTracing(config: Config): TracingSettings | undefined {
  const { tracing } = config.frontendPolicies;
  if (tracing === undefined) return undefined;
  return {
    collector: collectorOf(tracing, config),
    randomSampling: sampling(tracing.randomSampling),
    clientSampling: sampling(tracing.clientSampling),
    filter: tracing.filter === undefined ? undefined : fieldExpression(tracing.filter),
    attributes: named(tracing.attributes),
    remove: tracing.remove,
    // a resource describes the process: evaluated once, without a request
    resources: Object.fromEntries(Object.entries(tracing.resources).map(([name, expression]) => [name, toPlain(expression.evaluate({}))])),
  };
}

type PolicyTracing = NonNullable<Config["frontendPolicies"]["tracing"]>;

function collectorOf(tracing: PolicyTracing, config: Config): Collector {
  const { protocol, path } = tracing;
  if (tracing.kind === "host") return policyCollector({ host: `${tracing.host.host}:${tracing.host.port}`, protocol, path, tls: false });
  const entry = config.backends.find(({ name }) => name === tracing.backend);
  if (entry?.kind !== "host") throw new Error("the backend is no HTTP server"); // checkTelemetry has said so
  const tls = entry.policies?.backendTLS !== undefined;
  return policyCollector({ host: `${entry.host.host}:${entry.host.port}`, protocol, path, tls });
}

/** The older `config.tracing`, and OpenTelemetry's environment variables. */
function staticTracing(config: Config, environment: Environment): TracingSettings | undefined {
  const tracing = config.config?.tracing;
  const collector = staticCollector(tracing ?? {}, environment);
  if (collector === undefined) return undefined;
  return {
    collector,
    randomSampling: sampling(tracing?.randomSampling),
    clientSampling: sampling(tracing?.clientSampling),
    attributes: named(tracing?.fields?.add),
    remove: tracing?.fields?.remove ?? [],
    resources: {},
  };
}

function named(expressions: Readonly<Record<string, CompiledExpression>> | undefined): NamedExpression[] {
  return Object.entries(expressions ?? {}).map(([name, expression]) => ({ name, expression: fieldExpression(expression) }));
}

function sampling(config: SamplingConfig | undefined): Sampling | undefined {
  if (config === undefined) return undefined;
  return config.kind === "ratio" ? config.ratio : fieldExpression(config.expression);
}
