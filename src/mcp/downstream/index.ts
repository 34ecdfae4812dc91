import type { Federation } from "../federation.ts";
import type { Sessions } from "../sessions.ts";
import type { McpBackendSettings, McpContext } from "../settings.ts";
import { HttpSse } from "./sse.ts";
import { StreamableHttp } from "./streamable-http.ts";
import type { DownstreamTransport } from "./transport.ts";

/** The ways clients reach a backend. The first that serves a request takes it; streamable HTTP serves every path, so it is last. */
export function createTransports(
  federation: Federation,
  sessions: Sessions,
  settings: McpBackendSettings,
  { sessions: store }: Pick<McpContext, "sessions">,
): readonly DownstreamTransport[] {
  const { name: backend, sessionTtlMs: ttlMs, statefulMode } = settings;
  return [
    new HttpSse({ federation, sessions, store, backend, ttlMs }),
    new StreamableHttp(federation, sessions, statefulMode === "stateful"),
  ];
}
