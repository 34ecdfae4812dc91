import type { CompiledExpression } from "../../cel/compile.ts";
import { environmentOf } from "../../cel/environment.ts";
import { toPlain } from "../../cel/plain.ts";
import type { HostPort } from "../../contract/config/address.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { BackendNames, Upstream } from "../../contract/outgoing.ts";
import type { UpstreamAddress } from "../../contract/runtime.ts";
import { uselessPhases } from "../../mcp/guardrails/patterns.ts";
import type { GuardrailSettings } from "../../mcp/guardrails/settings.ts";
import { defaultLimits } from "../../mcp/settings.ts";
import type { BackendAuthConfig } from "../../policies/backend-auth/config.ts";
import { compileBackendTls } from "../../policies/backend-tls/index.ts";
import { backendPolicies } from "../../policies/index.ts";
import type { GuardrailProcessor, HeaderFilter, McpGuardrailsConfig } from "../../policies/mcp-guardrails/config.ts";
import { createGrpcUpstream } from "../../upstream/grpc.ts";
import type { CallPolicies } from "../schema/call-policies.ts";
import { type Build, staticNames } from "./build.ts";
import { layerOf, mergeLayers, type PolicyLayer, type PolicySlot } from "./slots.ts";

/** Compiles the processors of mcpGuardrails. One that cannot do what is written is a problem of the whole configuration. */
export function compileGuardrails(build: Build, slot: PolicySlot | undefined): readonly GuardrailSettings[] | undefined {
  if (slot === undefined) return undefined;
  const { processors } = slot.config as McpGuardrailsConfig<CallPolicies>;
  if (processors.length === 0) {
    build.warn(`${slot.path}.processors`, "holds no processor, so that nothing is checked");
    return undefined;
  }
  return processors.flatMap((processor, index) => {
    const path = `${slot.path}.processors[${index}]`;
    return build.attempt(path, () => compileProcessor(build, processor, path, index)) ?? [];
  });
}

function compileProcessor(build: Build, processor: GuardrailProcessor<CallPolicies>, path: string, index: number): GuardrailSettings {
  const { clock, log, metrics } = build.deps;
  const { methods, failureMode, metadata, requestHeaders } = processor;
  for (const message of uselessPhases(methods)) build.warn(`${path}.methods`, message);
  const [host, layers, backend] = placeOf(build, processor, path);
  checkPolicies(build, layers);
  const name = processor.backend ?? `processors[${index}]`;
  const slots = mergeLayers(
    layers,
    backendPolicies.filter((definition) => around.has(definition.name)),
  );
  const tls = slots.get("backendTLS");
  const address: UpstreamAddress = {
    host: host.host,
    port: host.port,
    ...(tls === undefined ? {} : { tls: compileBackendTls(tls.config, build.deps.readFile) }),
  };
  return {
    name,
    backend,
    methods,
    failureMode,
    metadata: metadata === undefined ? undefined : compileMetadata(metadata),
    showsHeader: compileFilter(requestHeaders),
    send: build.around(slots, channel(build, address).send),
    onFailed: (skipped) => metrics.guardrailFailed(name, skipped),
    clock,
    log,
  };
}

/** Where a processor is reached, and the policies around its calls from the least specific. */
function placeOf(
  build: Build,
  { host, backend, policies }: GuardrailProcessor<CallPolicies>,
  path: string,
): readonly [HostPort, readonly PolicyLayer[], BackendNames] {
  const own = layerOf(`${path}.policies`, policies);
  if (backend === undefined) return [host as HostPort, own, staticNames(host as HostPort)];
  const entry = build.entry(backend);
  if (entry.kind !== "host") throw new Error(`${path}.backend: the backend ${backend} is no server that could be called`);
  const layers = [...build.layersFor(backend), ...build.entryLayers(backend), ...own];
  return [entry.host, layers, { ...staticNames(entry.host), name: backend }];
}

/** Policies that mean the same around a gRPC call as around any other. */
const around: ReadonlySet<string> = new Set(["backendTLS", "backendAuth", "requestHeaderModifier", "http", "authorization"]);

/** Transformations may put the credential where the server wants it: without them it would be another call. */
function checkPolicies(build: Build, layers: readonly PolicyLayer[]): void {
  for (const { path, policies } of layers) {
    for (const name of Object.keys(policies)) {
      if (name === "backendAuth" && isInQuery(policies[name]))
        build.problems.push({ path: `${path}.${name}`, message: "a gRPC call has no query that the credential could be put into" });
      else if (name === "transformations")
        build.problems.push({ path: `${path}.${name}`, message: "do not run around the gRPC calls of an MCP guardrail" });
      else if (!around.has(name)) build.warn(`${path}.${name}`, "has no effect on the gRPC calls of an MCP guardrail");
    }
  }
}

function isInQuery(config: unknown): boolean {
  const auth = config as BackendAuthConfig;
  const options = auth.kind === "key" ? auth.key : auth.kind === "passthrough" ? auth.passthrough : undefined;
  return options !== undefined && "location" in options && options.location?.kind === "queryParameter";
}

/** Calls at a time that one server gets from this process. */
const maxCalls = 1_024;

/** Shared by all who mean the same server with the same settings, also across reloads. */
function channel(build: Build, address: UpstreamAddress): Upstream {
  const { resources, clock, metrics } = build.deps;
  return resources.acquire(
    `grpc ${JSON.stringify(address)}`,
    () => createGrpcUpstream(address, { maxMessageBytes: defaultLimits.maxMessageBytes, maxCalls }, { clock, metrics }),
    (upstream) => upstream.close(),
  );
}

/** Values that cannot be had are left out, as in the reference. */
function compileMetadata(expressions: Readonly<Record<string, CompiledExpression>>): GuardrailSettings["metadata"] {
  const entries = Object.entries(expressions);
  return (exchange: Exchange) => {
    const environment = environmentOf(exchange);
    const values = entries.map(([name, expression]) => [name, toPlain(expression.evaluate(environment))] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  };
}

function compileFilter({ allowed = [], disallowed = [] }: HeaderFilter = {}): (name: string) => boolean {
  const [shown, hidden] = [new Set(allowed), new Set(disallowed)];
  return (name) => !hidden.has(name) && (shown.size === 0 || shown.has(name));
}
