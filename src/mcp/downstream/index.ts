import type { Federation } from "../federation.ts";
import type { Sessions } from "../sessions.ts";
import type { McpBackendSettings } from "../settings.ts";
import { StreamableHttp } from "./streamable-http.ts";
import type { DownstreamTransport } from "./transport.ts";

/** The ways clients reach a backend. The first that serves a request takes it; streamable HTTP serves every path, so it is last. */
export function createTransports(federation: Federation, sessions: Sessions, settings: McpBackendSettings): readonly DownstreamTransport[] {
  return [new StreamableHttp(federation, sessions, settings.statefulMode === "stateful")];
}
