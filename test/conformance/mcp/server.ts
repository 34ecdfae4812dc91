/**
 * The MCP server that the official conformance suite is run against: on the official SDK, of both eras at one endpoint.
 * Writes its URL as a line to standard output. Loopback only. With the argument `unguarded` it takes any Host and Origin,
 * which leaves it to a gateway in front to refuse them. With `stdio` it speaks over standard input and output instead; with
 * `old` or `new` it is of one era alone, with sessions or without.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from "@modelcontextprotocol/node";
import {
  createMcpHandler,
  createRequestStateCodec,
  type EventStore,
  isLegacyRequest,
  type JSONRPCMessage,
  McpServer,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { type Progress, registerAsking } from "./server-asking.ts";
import { registerContent, text } from "./server-content.ts";

const states = createRequestStateCodec<Progress>({ key: randomBytes(32) });
const stepMs = 50;

/** One server object: for a request (2026-07-28) or a session (before). */
function createInstance(notify?: ServerNotifier): McpServer {
  const server = new McpServer(
    { name: "conformance", version: "1.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
      },
      requestState: { verify: (state, context) => states.verify(state, context) },
    },
  );
  registerContent(server);
  registerAsking(server, states);
  registerEvents(server);
  if (notify) registerChanges(server, notify);
  else registerSubscriptions(server);
  return server;
}

function registerEvents(server: McpServer): void {
  for (const name of ["test_tool_with_logging", "test_logging_tool"]) {
    server.registerTool(name, { description: "Logs three times" }, async ({ mcpReq }) => {
      for (const message of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        await mcpReq.log("info", message);
        await delay(stepMs);
      }
      return { content: [text("logged")] };
    });
  }
  server.registerTool("test_tool_with_progress", { description: "Three steps" }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
      }
      await delay(stepMs);
    }
    return { content: [text("done")] };
  });
  // SEP-1699: the stream of the call ends in the middle of it, and the client comes back for the rest.
  server.registerTool("test_reconnection", { description: "Hangs up in the middle" }, async ({ http }) => {
    http?.closeSSE?.();
    await delay(2 * stepMs);
    return { content: [text("after the reconnection")] };
  });
}

/** Hooks of the suite for streams of `subscriptions/listen`. */
function registerChanges(server: McpServer, notify: Pick<ServerNotifier, "toolsChanged" | "promptsChanged">): void {
  server.registerTool("test_trigger_tool_change", { description: "Says that tools changed" }, () => {
    notify.toolsChanged();
    return { content: [text("told")] };
  });
  server.registerTool("test_trigger_prompt_change", { description: "Says that prompts changed" }, () => {
    notify.promptsChanged();
    return { content: [text("told")] };
  });
}

/** Subscriptions of sessions; nothing here changes, so nothing is ever told. */
function registerSubscriptions(server: McpServer): void {
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

/** What a stream of a session has sent, for clients that come back. */
function createEventStore(): EventStore {
  const events: { readonly id: string; readonly stream: string; readonly message: JSONRPCMessage }[] = [];
  return {
    storeEvent(stream, message) {
      const id = `${events.length}`;
      events.push({ id, stream, message });
      return Promise.resolve(id);
    },
    async replayEventsAfter(lastId, { send }) {
      const last = events.findIndex(({ id }) => id === lastId);
      const stream = events[last]?.stream ?? "";
      for (const event of events.slice(last + 1)) if (event.stream === stream) await send(event.id, event.message);
      return stream;
    },
    getStreamIdForEventId: (lastId) => Promise.resolve(events.find(({ id }) => id === lastId)?.stream),
  };
}

const sessions = new Map<string, NodeStreamableHTTPServerTransport>();

/** The transport of a session; a new one for a request that names none. The transport itself judges what it is sent. */
async function sessionOf(id: string | undefined): Promise<NodeStreamableHTTPServerTransport | undefined> {
  if (id !== undefined) return sessions.get(id);
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: createEventStore(),
    retryInterval: stepMs,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  const server = createInstance();
  if (isOld) registerChanges(server, everyInstance(server));
  await server.connect(transport);
  return transport;
}

const instances = new Set<McpServer>();

/** What one session changes, all are told of. */
function everyInstance(server: McpServer): Pick<ServerNotifier, "toolsChanged" | "promptsChanged"> {
  instances.add(server);
  return {
    toolsChanged: () => instances.forEach((one) => one.sendToolListChanged()),
    promptsChanged: () => instances.forEach((one) => one.sendPromptListChanged()),
  };
}

const modern = createMcpHandler(() => createInstance(modern.notify), { legacy: "reject" });
const serveModern = toNodeHandler(modern);
const isOld = process.argv.includes("old");
const isNew = process.argv.includes("new");
const guards = process.argv.includes("unguarded") ? [] : [localhostHostValidation(), localhostOriginValidation()];

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!guards.every((allows) => allows(request, response))) return;
  if (request.url !== "/mcp") return void response.writeHead(404).end();
  // Always so for a server's request; the SDK's types want to hear it.
  const node = request as typeof request & { readonly method: string; readonly url: string };
  const asked = await toWebRequest(node);
  const body: unknown =
    request.method === "POST"
      ? await asked
          .clone()
          .json()
          .catch(() => undefined)
      : undefined;
  if (isNew || !(isOld || (await isLegacyRequest(asked)))) return serveModern(node, response, body);
  const id = request.headers["mcp-session-id"];
  const session = await sessionOf(typeof id === "string" ? id : undefined);
  if (!session) return void response.writeHead(404, { "content-type": "text/plain" }).end("no such session");
  return session.handleRequest(request, response, body);
}

if (process.argv.includes("stdio")) {
  serveStdio(() => {
    const server = createInstance();
    registerChanges(server, { toolsChanged: () => server.sendToolListChanged(), promptsChanged: () => server.sendPromptListChanged() });
    return server;
  });
} else {
  const listener = createServer(serve).listen(0, "127.0.0.1", () => {
    process.stdout.write(`http://127.0.0.1:${(listener.address() as AddressInfo).port}/mcp\n`);
  });
}
