import { itemEnvironment } from "../../cel/environment.ts";
import { compileRules, type RuleSet } from "../../cel/rules.ts";
import type { Document } from "../../contract/config/files.ts";
import type { Send } from "../../contract/outgoing.ts";
import { compileMcpBackend } from "../../mcp/backend.ts";
import type { Authorize, McpTargetSettings, RemoteServer, ToolIntegritySettings } from "../../mcp/settings.ts";
import { acquireApi } from "../../mcp/upstream/openapi/api-source.ts";
import { readPrefix } from "../../mcp/upstream/openapi/read-path.ts";
import { spawnProcessGroup } from "../../mcp/upstream/spawn-process.ts";
import { mcpAuthorization } from "../../policies/mcp-authorization/index.ts";
import { mcpGuardrails } from "../../policies/mcp-guardrails/index.ts";
import type { McpServerAddress } from "../schema/mcp-address.ts";
import type { McpBackend, McpTarget } from "../schema/mcp.ts";
import type { KindPlace, RouteBackendParts } from "./backend-parts.ts";
import type { Build } from "./build.ts";
import { compileGuardrails } from "./mcp-guardrails.ts";
import { type AnyPolicy, layerOf, mergeLayers, type PolicyLayer, type PolicySlot, slotOf } from "./slots.ts";
import { warnOfStdio } from "./without-effect.ts";

/** Milliseconds; `config.mcp.sessionTtl` where it is not written. */
const defaultSessionTtlMs = 1_800_000;

/** Compiles an MCP backend: its targets with the policies around their requests, and the rules about tools. */
export function compileMcp(build: Build, mcp: McpBackend, place: KindPlace): RouteBackendParts {
  const { clock, log, stores, resources, version } = build.deps;
  const { [keyVariable]: environmentKey, STATE_KEY: _, ...environment } = build.deps.environment; // no business of child processes
  const sessionKey = readSessionKey(environmentKey, build.config.config?.session?.key);
  const layers = place.layers();
  const slot = slotIn(layers, mcpAuthorization as unknown as AnyPolicy);
  const guardrails = slotIn(layers, mcpGuardrails as unknown as AnyPolicy);
  const { backend, decode } = compileMcpBackend(
    {
      name: place.name ?? (place.path === "mcp.backends[0]" ? "mcp:default" : place.path),
      targets: mcp.targets.map((target, index) => compileTarget(build, target, { ...place, path: `${place.path}.mcp.targets[${index}]` })),
      statefulMode: mcp.statefulMode,
      prefixMode: mcp.prefixMode,
      maxNameLength: mcp.maxNameLength,
      pageSize: mcp.pageSize,
      failureMode: mcp.failureMode,
      dnsRebindingProtection: mcp.dnsRebindingProtection,
      sessionTtlMs: build.config.config?.mcp?.sessionTtl ?? defaultSessionTtlMs,
      authorize: compileAuthorize(build, slot),
      guardrails: compileGuardrails(build, guardrails),
      toolIntegrity: compileIntegrity(build, mcp, place),
    },
    {
      clock,
      log,
      sessions: stores.sessions,
      sessionKey,
      resources,
      environment,
      spawn: spawnProcessGroup,
      version,
      pins: build.deps.toolPins,
    },
  );
  return { ...backend, decode, policies: [slot, guardrails].flatMap((one) => (one === undefined ? [] : [{ stage: "backend", ...one }])) };
}

function compileIntegrity(build: Build, { toolIntegrity }: McpBackend, { path }: KindPlace): ToolIntegritySettings | undefined {
  if (toolIntegrity === undefined || toolIntegrity.mode === "off") return undefined;
  const { mode, approve } = toolIntegrity;
  if (!build.deps.stores.state.durable) {
    const lost = "is forgotten at the end of the process, and the next one trusts what it sees first: set `config.state.file`";
    build.warn(`${path}.mcp.toolIntegrity`, `what is approved ${lost}`);
  }
  return { mode, approve };
}

/** The key of session ids: the environment comes first, as in the reference. */
function readSessionKey(fromEnvironment: string | undefined, configured: string | undefined): Buffer | undefined {
  const text = fromEnvironment ?? configured;
  if (text === undefined) return undefined;
  // the schema has checked the configured one; neither may be quoted in an error
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new Error(`the environment's ${keyVariable} must be 64 hexadecimal digits: \`openssl rand -hex 32\` prints such`);
  return Buffer.from(text, "hex");
}

const keyVariable = "SESSION_KEY";

function compileTarget(build: Build, target: McpTarget, { path, ...place }: KindPlace): McpTargetSettings {
  const layers = place.layers(target.name);
  if (target.kind === "stdio") {
    warnOfStdio(build, target.name, layers);
    const { cmd: command, args, env, clearEnv, maxProcesses, idleTimeout: poolIdleMs } = target.stdio;
    return {
      kind: "stdio",
      name: target.name,
      command,
      args,
      env,
      clearEnv,
      ...(maxProcesses === undefined ? {} : { maxProcesses }),
      ...(poolIdleMs === undefined ? {} : { poolIdleMs }),
    };
  }
  const own = layerOf(`${path}.policies`, target.policies);
  const [server, make] = remoteTarget(build, target, path);
  if (server.kind === "address") {
    const { host, port, tls, path: urlPath } = server;
    return make(
      target.name,
      { host, port, tls, path: urlPath },
      build.send({ host, port, ...(tls ? { tls: {} } : {}) }, [...layers, ...own]),
    );
  }
  const entry = build.entry(server.backend);
  if (entry.kind !== "host") throw new Error(`${path}: the backend ${server.backend} is no HTTP server`);
  const { host, port } = entry.host;
  const tls = entry.policies?.backendTLS !== undefined;
  return make(
    target.name,
    { host, port, tls, path: server.path },
    build.send({ host, port }, [...build.layersFor(server.backend), ...build.entryLayers(server.backend), ...layers, ...own]),
  );
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly path: string;
}

type MakeTarget = (name: string, address: Address, send: Send) => McpTargetSettings;

/** Where a target that is no child process is reached, and how. */
function remoteTarget(build: Build, target: Exclude<McpTarget, { kind: "stdio" }>, path: string): [McpServerAddress, MakeTarget] {
  switch (target.kind) {
    case "openapi":
      return [target.openapi, restTarget(build, path, target.openapi.schema)];
    case "sse":
      return [target.sse, (...at) => ({ kind: "sse", ...remoteServer(...at) })];
    case "mcp":
      return [target.mcp, (...at) => ({ kind: "http", ...remoteServer(...at) })];
  }
}

function remoteServer(name: string, { host, port, tls, path }: Address, send: Send): RemoteServer {
  return {
    name,
    scheme: tls ? "https" : "http",
    authority: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    path,
    send,
  };
}

/**
 * A REST service. Its description says what stands in front of its paths, unless the target has a path of its own.
 * @param path where the target is written
 */
function restTarget(build: Build, path: string, schema: Document): MakeTarget {
  const place = `${path}.openapi.schema`;
  const source = inPlace(place, () => acquireApi(schema, build.at(place)));
  return (name, address, send) => {
    const { scheme, authority } = remoteServer(name, address, send);
    const prefix = readPrefix([{ url: address.path }]);
    return { kind: "openapi", name, scheme, authority, prefix: prefix === "" ? undefined : prefix, source, send };
  };
}

function inPlace<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** A policy about all targets together, as all places where it is written have it; undefined when none has. */
function slotIn(layers: readonly PolicyLayer[], definition: AnyPolicy): PolicySlot | undefined {
  return slotOf(mergeLayers(layers, [definition]), definition);
}

function compileAuthorize(build: Build, slot: PolicySlot | undefined): Authorize | undefined {
  if (slot === undefined) return undefined;
  const rules = compileRules([slot.config as RuleSet], () => build.deps.metrics.ruleFailed("mcpAuthorization"));
  return rules.empty ? undefined : (exchange, item) => rules.allows(itemEnvironment(exchange, item));
}
