import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { Reply } from "../contract/reply.ts";
import type { CompiledBackend } from "../contract/runtime.ts";
import { checkLocalOrigin, checkPageOrigin } from "./dns-rebinding.ts";
import { createTransports } from "./downstream/index.ts";
import type { DownstreamTransport } from "./downstream/transport.ts";
import { Federation } from "./federation.ts";
import { acquireKeepAlive } from "./keep-alive.ts";
import { acquireSeal, Sessions } from "./sessions.ts";
import type { McpBackendSettings, McpContext, McpTargetSettings, RemoteServer } from "./settings.ts";
import { forwardRaw } from "./upstream/streamable-http.ts";

export interface CompiledMcpBackend {
  /** For the route: reads the message and fills `exchange.mcp`. */
  readonly decode: (exchange: Exchange) => void | Promise<void>;
  readonly backend: CompiledBackend;
}

/** An MCP backend: several servers as one, behind the transports in downstream/. Runs at load. */
export function compileMcpBackend(configured: McpBackendSettings, context: McpContext): CompiledMcpBackend {
  const settings = configured.targets.length === 1 ? { ...configured, targets: configured.targets.map(alone) } : configured;
  const federation = new Federation(settings, context);
  const { name, sessionTtlMs: ttlMs } = settings;
  const { targets } = federation;
  const { sessions: store, clock, version } = context;
  const sessions = new Sessions({
    store,
    clock,
    seal: acquireSeal(context),
    backend: name,
    targets,
    ttlMs,
    version,
    bridge: federation.bridge,
  });
  const transports = createTransports(federation, sessions, settings, context);
  const transportOf = (exchange: Exchange): DownstreamTransport => {
    const transport = transports.find((one) => one.serves(exchange));
    if (transport === undefined) throw new GatewayError("route_not_found");
    return transport;
  };
  const keepAlive = acquireKeepAlive(context.resources, federation.limits.keepAliveMs);
  const lone = settings.targets.length === 1 ? settings.targets[0] : undefined;

  return {
    decode(exchange) {
      exchange.protocol = "mcp"; // also of what the decoder refuses
      if (isMetadataPath(exchange)) return undefined;
      return transportOf(exchange).decode(exchange);
    },
    backend: {
      name,
      async call(exchange) {
        if (settings.dnsRebindingProtection === true) checkLocalOrigin(exchange);
        else if (settings.dnsRebindingProtection === undefined) checkPageOrigin(exchange);
        if (isMetadataPath(exchange)) return metadata(lone?.kind === "http" || lone?.kind === "sse" ? lone : undefined, exchange);
        return keepAlive.watch(await transportOf(exchange).call(exchange));
      },
    },
  };
}

function alone(target: McpTargetSettings): McpTargetSettings {
  return target.kind === "stdio" ? target : { ...target, lone: true };
}

/** OAuth metadata (RFC 9728, RFC 8414) under well-known paths. */
function isMetadataPath({ request: { method, path } }: Exchange): boolean {
  if (method !== "GET" && method !== "OPTIONS") return false;
  return path.startsWith("/.well-known/oauth-protected-resource") || path.startsWith("/.well-known/oauth-authorization-server");
}

/**
 * A lone remote server may run its own login. With several, whose metadata it should be cannot be told; 404 is how
 * clients learn that there is none.
 */
function metadata(target: RemoteServer | undefined, exchange: Exchange): Promise<Reply> {
  if (target === undefined) throw new GatewayError("route_not_found");
  return forwardRaw(target, exchange);
}
