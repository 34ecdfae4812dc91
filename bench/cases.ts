import { portkeyHeaders } from "./candidates/portkey.ts";
import { chat, governed, mcp, type McpServers, passThrough, targetNames } from "./candidates/turnpike-configs.ts";
import type { TurnpikeSettings } from "./candidates/turnpike.ts";
import type { Plan } from "./load/protocol.ts";
import { listedTools } from "./upstream/mcp-replies.ts";
import { marker, prose } from "./upstream/replies.ts";
import { type HttpRequest, idPlaceholder } from "./wire/message.ts";

/** `direct` is no candidate: the load goes straight to the upstream, for the latency that is not a gateway's. */
export type CandidateName = "direct" | "nginx" | "bare" | "portkey" | "sdk-proxy" | "turnpike";

export type Traffic = Pick<Plan, "opening" | "requests" | "markers">;

/** One kind of work. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** In the order of each round. */
  readonly candidates: readonly CandidateName[];
  /** Most CPU time a request may cost Turnpike, in pass-throughs of nginx. */
  readonly limit?: number;
  /** What the official SDK's proxy is given, where it takes part. */
  readonly servers?: McpServers;
  /** Requests a second for the latency, where the usual number is too many. */
  readonly rate?: number;
  readonly configure: TurnpikeSettings["configure"];
  readonly traffic: (candidate: CandidateName, upstreamPorts: readonly number[]) => Traffic;
}

const json = { "content-type": "application/json" };
const mcpHeaders = { ...json, accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25" };

/** Requests under load. */
export async function loadedCases(): Promise<Case[]> {
  const { token, configure } = await governed();
  const everybody: readonly CandidateName[] = ["direct", "nginx", "bare", "turnpike"];
  return [
    {
      name: "passthrough",
      title: "pass-through: POST of 2 KB, reply of 1.5 KB",
      candidates: everybody,
      limit: 4.5,
      configure: passThrough,
      traffic: () => plain(),
    },
    {
      name: "governed",
      title: "the same with JWT login, two CEL rules, a CEL metric label and the access log",
      candidates: ["direct", "turnpike"],
      limit: 5.5,
      configure,
      traffic: () => plain({ authorization: `Bearer ${token}` }),
    },
    {
      name: "chat",
      title: "chat completion of 2 KB, routed by model and metered",
      candidates: ["direct", "portkey", "turnpike"],
      limit: 6,
      configure: chat,
      traffic: (candidate, [upstream]) => chatTraffic(false, candidate === "portkey" ? portkeyHeaders(upstream as number) : {}),
    },
    {
      name: "stream",
      title: "the same as a stream of 50 events, each sent by itself",
      candidates: ["direct", "bare", "turnpike"],
      configure: chat,
      traffic: () => chatTraffic(true, {}),
    },
    ...(["json", "sse"] as const).flatMap((form) => ([1, 4] as const).map((targets) => mcpCase(targets, form))),
    mcpListCase(),
  ];
}

function mcpCase(targets: 1 | 4, form: "json" | "sse"): Case {
  const servers = { count: targets, path: `/mcp/${form}` } as const;
  return {
    name: `mcp-${targets}-${form}`,
    title: `MCP tools/call, ${targets === 1 ? "one target" : "four targets"}, upstream replies with ${form === "json" ? "JSON" : "SSE"}`,
    candidates: ["direct", "sdk-proxy", "turnpike"],
    limit: targets === 1 ? 4.5 : 5,
    servers,
    configure: mcp(servers),
    traffic: (candidate) => {
      const direct = candidate === "direct";
      const path = direct ? servers.path : "/mcp";
      const tools = targets === 1 || direct ? ["echo"] : targetNames.map((target) => `${target}_echo`);
      return { opening: mcpOpening(path), requests: tools.map((tool) => toolCall(path, tool)), markers: [marker] };
    },
  };
}

/** The direct call is to one of the four, a quarter of the list. */
function mcpListCase(): Case {
  const servers = { count: 4, path: "/mcp/list" } as const;
  return {
    name: "mcp-list-4x100",
    title: `MCP tools/list, four targets of ${listedTools} tools each`,
    candidates: ["direct", "sdk-proxy", "turnpike"],
    servers,
    rate: 50,
    configure: mcp(servers),
    traffic: (candidate) => {
      const direct = candidate === "direct";
      const path = direct ? servers.path : "/mcp";
      const body = JSON.stringify({ jsonrpc: "2.0", id: idPlaceholder, method: "tools/list", params: {} });
      const request: HttpRequest = { method: "POST", path, headers: mcpHeaders, body };
      // the first and the last of every target: a list that lacks one is no list
      const names = ["echo", `tool-${listedTools - 1}`].flatMap((tool) =>
        direct ? [tool] : targetNames.map((target) => `${target}_${tool}`),
      );
      return { opening: mcpOpening(path), requests: [request], markers: [marker, ...names.map((name) => JSON.stringify(name))] };
    },
  };
}

/** Open streams on which nothing happens: what a thousand waiting agents cost. */
export const idleCases: readonly Case[] = [
  {
    name: "idle-sse",
    title: "1,000 idle SSE streams through a plain route",
    candidates: ["nginx", "turnpike"],
    configure: passThrough,
    traffic: () => ({
      opening: [],
      requests: [{ method: "GET", path: "/idle", headers: { accept: "text/event-stream" }, body: "" }],
      markers: [],
    }),
  },
  {
    name: "idle-mcp",
    title: "1,000 idle MCP sessions, each with its GET stream",
    candidates: ["turnpike"],
    configure: mcp({ count: 1, path: "/mcp/sse" }),
    traffic: () => ({
      opening: mcpOpening("/mcp"),
      requests: [{ method: "GET", path: "/mcp", headers: mcpHeaders, body: "" }],
      markers: [],
    }),
  },
];

function plain(headers: Readonly<Record<string, string>> = {}): Traffic {
  const body = JSON.stringify({ model: "bench-model", messages: [{ role: "user", content: prose(1_930) }] });
  return { opening: [], requests: [{ method: "POST", path: "/v1/things", headers: { ...json, ...headers }, body }], markers: [marker] };
}

function chatTraffic(stream: boolean, headers: Readonly<Record<string, string>>): Traffic {
  const messages = [
    { role: "system", content: prose(300) },
    { role: "user", content: prose(1_500) },
  ];
  const body = JSON.stringify({
    model: "bench-model",
    messages,
    temperature: 0.2,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  });
  const request: HttpRequest = {
    method: "POST",
    path: "/v1/chat/completions",
    headers: { ...json, authorization: "Bearer sk-client", ...headers },
    body,
  };
  return { opening: [], requests: [request], markers: [marker] };
}

function mcpOpening(path: string): HttpRequest[] {
  const { "mcp-protocol-version": _, ...headers } = mcpHeaders;
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1.0.0" } };
  return [
    { method: "POST", path, headers, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }) },
    { method: "POST", path, headers: mcpHeaders, body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }) },
  ];
}

function toolCall(path: string, name: string): HttpRequest {
  const params = { name, arguments: { text: prose(200), count: 3 } };
  return {
    method: "POST",
    path,
    headers: mcpHeaders,
    body: JSON.stringify({ jsonrpc: "2.0", id: idPlaceholder, method: "tools/call", params }),
  };
}
