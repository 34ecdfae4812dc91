import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type {
  CallToolResult,
  CompleteRequest,
  CompleteResult,
  GetPromptResult,
  LoggingLevel,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplate,
  Tool,
} from "@modelcontextprotocol/sdk/types.js";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mcpRemote } from "./harness.ts";

/** What the clients of all official SDKs have in common. */
interface CommonClient {
  fallbackRequestHandler?: (request: Message) => Promise<Record<string, unknown>>;
  fallbackNotificationHandler?: (notification: Message) => Promise<void>;
  listTools(): Promise<{ tools: Tool[] }>;
  listPrompts(): Promise<{ prompts: Prompt[] }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<GetPromptResult>;
  listResources(): Promise<{ resources: Resource[] }>;
  listResourceTemplates(): Promise<{ resourceTemplates: ResourceTemplate[] }>;
  readResource(params: { uri: string }): Promise<ReadResourceResult>;
  subscribeResource(params: { uri: string }): Promise<unknown>;
  unsubscribeResource(params: { uri: string }): Promise<unknown>;
  complete(params: CompleteRequest["params"]): Promise<CompleteResult>;
  ping(): Promise<unknown>;
  setLoggingLevel(level: LoggingLevel): Promise<unknown>;
  sendRootsListChanged(): Promise<void>;
  close(): Promise<void>;
}

export interface Message {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void;
}

/** A real client, connected to an MCP endpoint, that answers what servers ask and remembers what it hears. */
export interface Peer {
  readonly client: CommonClient;
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<CallToolResult>;
  /** Requests of servers, in the order in which they came. */
  readonly asked: readonly Message[];
  /** What `roots/list` is answered with. */
  roots: readonly { readonly uri: string; readonly name: string }[];
  /** The next notification that fits, from now on. Rejects after ten seconds. */
  hears(method: string, fits?: (params: Readonly<Record<string, unknown>>) => boolean): Promise<Message>;
  close(): Promise<void>;
}

const information = { name: "peer", version: "1" };
const options = { capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } } };
const hearingMs = 10_000;

/** SDK 1.x over streamable HTTP. */
export async function connectV1(url: string): Promise<Peer> {
  return overV1(new HttpV1(new URL(url)) as Transport);
}

/** SDK 1.x over HTTP+SSE, the transport of 2024-11-05. */
export async function connectSse(url: string): Promise<Peer> {
  return overV1(new SSEClientTransport(new URL(url.replace(/\/mcp$/, "/sse"))));
}

/** SDK 2.x over streamable HTTP, in the mode in which it greets with `initialize`. */
export async function connectV2(url: string): Promise<Peer> {
  const client = new ClientV2(information, { ...options, versionNegotiation: { mode: "legacy" } });
  const call: Call = (name, args, more) => client.callTool({ name, arguments: args }, more) as Promise<CallToolResult>;
  const peer = peerOf(client as unknown as CommonClient, call);
  await client.connect(new HttpV2(new URL(url)));
  return peer;
}

/** SDK 1.x over stdio, with mcp-remote as the bridge to the endpoint: what hosts without HTTP use. */
export async function connectMcpRemote(url: string): Promise<Peer> {
  const home = mkdtempSync(join(tmpdir(), "turnpike-mcp-remote-"));
  const bridge = new StdioClientTransport({
    command: process.execPath,
    args: [mcpRemote, url, "--allow-http", "--transport", "http-only"],
    env: { PATH: process.env["PATH"] ?? "", HOME: home },
    stderr: "ignore",
  });
  return overV1(bridge, () => rmSync(home, { recursive: true, force: true }));
}

async function overV1(transport: Transport, cleanUp?: () => void): Promise<Peer> {
  const client = new ClientV1(information, options);
  const call: Call = (name, args, more) => client.callTool({ name, arguments: args }, undefined, more) as Promise<CallToolResult>;
  const peer = peerOf(client as unknown as CommonClient, call, cleanUp);
  await client.connect(transport);
  return peer;
}

type Call = (name: string, args: Record<string, unknown>, options: CallOptions) => Promise<CallToolResult>;

function peerOf(client: CommonClient, call: Call, cleanUp: () => void = () => {}): Peer {
  const asked: Message[] = [];
  const listeners = new Set<(message: Message) => void>();
  const state: { roots: Peer["roots"] } = { roots: [] };
  client.fallbackRequestHandler = async (request) => {
    asked.push(request);
    return answer(request, state.roots);
  };
  client.fallbackNotificationHandler = async (notification) => {
    for (const listener of listeners) listener(notification);
  };
  return {
    client,
    asked,
    call: (name, args = {}, options = {}) => call(name, args, options),
    get roots() {
      return state.roots;
    },
    set roots(roots) {
      state.roots = roots;
    },
    hears: (method, fits = () => true) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`${method} was not heard`));
        }, hearingMs);
        const listener = (message: Message): void => {
          if (message.method !== method || !fits(message.params ?? {})) return;
          clearTimeout(late);
          listeners.delete(listener);
          resolve(message);
        };
        listeners.add(listener);
      }),
    async close() {
      await client.close();
      cleanUp();
    },
  };
}

/** A user and a model that say yes to everything. */
function answer({ method, params }: Message, roots: Peer["roots"]): Record<string, unknown> {
  if (method === "roots/list") return { roots };
  if (method === "sampling/createMessage") return { model: "m", role: "assistant", content: { type: "text", text: "sampled" } };
  if (method === "elicitation/create") return { action: "accept", ...(params?.["mode"] !== "url" && { content: { name: "elicited" } }) };
  throw new Error(`nobody here answers ${method}`);
}
