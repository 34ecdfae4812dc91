import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import { toNodeHandler, NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { createNewServer } from "./new-server.ts";
import { createOldServer } from "./old-server.ts";

/** What a test sees and does at a server, beside the protocol. */
export interface Backstage {
  /** Calls of `slow` that were told to stop. */
  cancelled: number;
  /** Calls of `slow` that have begun. */
  begun: number;
  /** Tells everybody who wants to know that tools have changed, and that the resource has. */
  readonly change: ((uri: string) => void)[];
}

export interface EraServer {
  readonly url: string;
  readonly backstage: Backstage;
  /** Sessions that are open. */
  readonly sessions: ReadonlySet<string>;
  /** HTTP methods and JSON-RPC methods in the order they came. */
  readonly seen: string[];
  close(): Promise<void>;
}

export type ServerEra = "old" | "new" | "dual";

interface SessionTransport {
  handleRequest(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void>;
}

/** An official server on a free port of the loopback: of SDK 1.x (`old`), SDK 2 without sessions (`new`), or SDK 2 with both. */
export async function startEraServer(era: ServerEra): Promise<EraServer> {
  const backstage: Backstage = { cancelled: 0, begun: 0, change: [] };
  const sessions = new Map<string, SessionTransport>();
  const seen: string[] = [];
  const inSession = era === "old" ? sessionHandler(sessions, () => openOld(sessions, backstage)) : dualHandler(sessions, backstage);
  const handler =
    era === "new" ? statelessHandler(backstage) : era === "old" ? inSession : dualRouter(inSession, statelessHandler(backstage));
  const listener = createServer(async (request, response) => {
    const body = request.method === "POST" ? await bodyOf(request) : undefined;
    seen.push((body as { method?: string } | undefined)?.method ?? request.method ?? "");
    await handler(request, response, body);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/mcp`,
    backstage,
    seen,
    get sessions() {
      return new Set(sessions.keys());
    },
    async close() {
      listener.closeAllConnections();
      await new Promise<void>((resolve) => void listener.close(() => resolve()));
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void> | void;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

function statelessHandler(backstage: Backstage): Handler {
  const handler = createMcpHandler(() => createNewServer(backstage), { legacy: "reject" });
  backstage.change.push((uri) => {
    handler.notify.toolsChanged();
    handler.notify.resourceUpdated(uri);
  });
  const serve = toNodeHandler(handler);
  return (request, response, body) => serve(request as Parameters<typeof serve>[0], response, body);
}

function sessionHandler(sessions: Map<string, SessionTransport>, open: () => Promise<SessionTransport>): Handler {
  return async (request, response, body) => {
    const id = request.headers["mcp-session-id"];
    const session = typeof id === "string" ? sessions.get(id) : await open();
    if (session === undefined) return void response.writeHead(404).end("no such session");
    await session.handleRequest(request, response, body);
  };
}

async function openOld(sessions: Map<string, SessionTransport>, backstage: Backstage): Promise<SessionTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await createOldServer(backstage).connect(transport as Transport);
  return transport;
}

function dualHandler(sessions: Map<string, SessionTransport>, backstage: Backstage): Handler {
  return sessionHandler(sessions, async () => {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport as SessionTransport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server = createNewServer(backstage);
    const uris = new Set<string>();
    server.server.setRequestHandler("resources/subscribe", ({ params }) => (uris.add(params.uri), {}));
    server.server.setRequestHandler("resources/unsubscribe", ({ params }) => (uris.delete(params.uri), {}));
    backstage.change.push((uri) => {
      void server.server.sendToolListChanged().catch(() => {});
      if (uris.has(uri)) void server.server.sendResourceUpdated({ uri }).catch(() => {});
    });
    await server.connect(transport);
    return transport as SessionTransport;
  });
}

function dualRouter(inSession: Handler, stateless: Handler): Handler {
  return async (request, response, body) => {
    const asked = new Request(`http://loopback${request.url}`, {
      method: request.method ?? "GET",
      headers: request.headers as Record<string, string>,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await isLegacyRequest(asked)) ? inSession(request, response, body) : stateless(request, response, body);
  };
}
