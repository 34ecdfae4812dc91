import { Reply } from "../../src/contract/reply.ts";
import { type Behaviour, FakeServer, type Received, tools } from "./fake-server.ts";
import type { Answered, RequestOptions, Rig } from "./rig.ts";

/** The revision without sessions. */
export const revision = "2026-07-28";

const versionKey = "io.modelcontextprotocol/protocolVersion";
const capabilitiesKey = "io.modelcontextprotocol/clientCapabilities";

/** `_meta` of a request without a session. */
export function envelope(capabilities: object = {}): Record<string, unknown> {
  return { [versionKey]: revision, [capabilitiesKey]: capabilities };
}

/** Header fields that repeat a request. */
export function fields(method: string, name?: string): Record<string, string> {
  return { "mcp-protocol-version": revision, "mcp-method": method, ...(name === undefined ? {} : { "mcp-name": name }) };
}

/** One request without a session, `id` 1, as a client of 2026-07-28 sends it. */
export function ask(rig: Rig, method: string, params: Record<string, unknown> = {}, options: RequestOptions = {}): Promise<Answered> {
  const name = params["name"] ?? params["uri"];
  const message = { jsonrpc: "2.0", id: 1, method, params: { _meta: envelope(), ...params } };
  return rig.post(message, { ...options, headers: { ...fields(method, typeof name === "string" ? name : undefined), ...options.headers } });
}

/** A server that speaks 2026-07-28 and nothing older. */
export function statelessServer(answers: Readonly<Record<string, Behaviour>> = {}, versions: readonly string[] = [revision]): FakeServer {
  return new FakeServer({
    answers: {
      initialize: ({ message }: Received) => notFound(message?.id, "initialize"),
      "server/discover": { resultType: "complete", supportedVersions: versions, capabilities: { tools: {} } },
      "tools/list": { resultType: "complete", ...tools("echo"), ttlMs: 0, cacheScope: "private" },
      ...answers,
    },
  });
}

function notFound(id: unknown, method: string): Reply {
  return Reply.json(404, { jsonrpc: "2.0", id, error: { code: -32601, message: `method not found: ${method}` } });
}
