import { isJsonObject } from "../../base/json.ts";
import { metaKeys } from "../wire/2026-07-28/envelope.ts";
import { latestRevision, statelessRevision } from "../wire/index.ts";
import type { StdioLauncher } from "./stdio-launcher.ts";
import type { Greeting } from "./stdio-pool.ts";

/** Of a server with sessions: the process is one session, which all callers without capabilities share. */
export function sessionGreeting({ limits, context }: StdioLauncher): Greeting {
  return {
    method: "initialize",
    params: { protocolVersion: latestRevision.name, capabilities: {}, clientInfo: { name: "turnpike", version: context.version } },
    deadlineMs: limits.closedDeadlineMs,
    afterwards: Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}'),
    suits: () => true,
  };
}

/**
 * Of a server without: whether it is one. Some older servers never answer a request before initialize, others end; in a
 * process of its own neither harms anybody (specification 2026-07-28, "stdio: Backward Compatibility").
 */
export function statelessGreeting({ limits, context }: StdioLauncher): Greeting {
  const _meta = {
    [metaKeys.protocolVersion]: statelessRevision.name,
    [metaKeys.clientCapabilities]: {},
    [metaKeys.clientInfo]: { name: "turnpike", version: context.version },
  };
  return {
    method: "server/discover",
    params: { _meta },
    deadlineMs: limits.probeMs,
    afterwards: undefined,
    suits: ({ supportedVersions, capabilities }) =>
      isJsonObject(capabilities) && Array.isArray(supportedVersions) && supportedVersions.includes(statelessRevision.name),
  };
}
