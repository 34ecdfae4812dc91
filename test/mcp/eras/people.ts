import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

/** Official clients of each era, with one face for tests. */

export type ClientKind = "SDK 1" | "SDK 2, old mode" | "SDK 2, new mode";
export const clientKinds: readonly ClientKind[] = ["SDK 1", "SDK 2, old mode", "SDK 2, new mode"];

export interface ToolResult {
  readonly content: readonly { readonly text?: string }[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

export interface CallOptions {
  readonly onprogress?: (progress: { readonly progress: number }) => void;
  readonly signal?: AbortSignal;
}

/** What both SDKs' clients do in the same way. */
type Common = Pick<
  OldClient,
  "listTools" | "listPrompts" | "getPrompt" | "complete" | "listResources" | "listResourceTemplates" | "readResource" | "getInstructions"
>;

/** A client, and what it got to hear. */
export interface Person {
  readonly client: Common;
  readonly revision: string | undefined;
  readonly logs: unknown[];
  readonly updated: string[];
  /** Of which kind its lists have changed. */
  changes: number;
  /** Pages that it was asked to visit. */
  readonly visited: string[];
  /** How forms are answered; by default with what is asked for. */
  answer: "accept" | "decline" | "throw";
  /** Done before a form is answered. */
  beforeAnswer: () => Promise<unknown>;
  readonly call: (name: string, args?: Record<string, unknown>, options?: CallOptions) => Promise<ToolResult>;
  /** Wants to hear of log messages, the resource and the list of tools. */
  watch(uri: string): Promise<void>;
  close(): Promise<void>;
}

const capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} };
const values: Readonly<Record<string, string>> = { name: "Ada", color: "blue" };
const sample = () => ({ model: "m", role: "assistant" as const, content: { type: "text" as const, text: "sampled text" } });
const roots = () => ({ roots: [{ uri: "file:///root", name: "the root" }] });

interface Asked {
  readonly mode?: string | undefined;
  readonly url?: unknown;
  readonly requestedSchema?: unknown;
}

export function connectAs(kind: ClientKind, url: string, headers: Record<string, string> = {}): Promise<Person> {
  return kind === "SDK 1" ? connectOld(url, headers) : connectNew(url, headers, kind === "SDK 2, new mode");
}

type Heard = Pick<Person, "logs" | "updated" | "changes" | "visited" | "answer" | "beforeAnswer">;

function heard(): Heard {
  return { logs: [], updated: [], changes: 0, visited: [], answer: "accept", beforeAnswer: () => Promise.resolve() };
}

async function elicited(person: Heard, { mode, url, requestedSchema }: Asked) {
  await person.beforeAnswer();
  if (person.answer === "throw") throw new Error("nobody is at home");
  if (mode === "url") {
    person.visited.push(String(url));
    return { action: person.answer };
  }
  if (person.answer === "decline") return { action: "decline" as const };
  const fields = Object.keys((requestedSchema as { properties: object }).properties);
  return { action: "accept" as const, content: Object.fromEntries(fields.map((field) => [field, values[field] ?? ""])) };
}

async function connectOld(url: string, headers: Record<string, string>): Promise<Person> {
  const client = new OldClient({ name: "old", version: "1" }, { capabilities });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  const state = heard();
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicited(state, params));
  client.setRequestHandler(CreateMessageRequestSchema, sample);
  client.setRequestHandler(ListRootsRequestSchema, roots);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void state.logs.push(params.data));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void state.updated.push(params.uri));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (state.changes += 1));
  await client.connect(transport as Transport);
  return Object.assign(state, {
    client,
    revision: transport.protocolVersion,
    call: (name: string, args = {}, options: CallOptions = {}) =>
      client.callTool({ name, arguments: args }, undefined, options) as Promise<ToolResult>,
    async watch(uri: string) {
      await client.setLoggingLevel("debug");
      await client.subscribeResource({ uri });
    },
    async close() {
      await transport.terminateSession().catch(() => {});
      await client.close();
    },
  });
}

async function connectNew(url: string, headers: Record<string, string>, isNew: boolean): Promise<Person> {
  const mode = isNew ? "auto" : "legacy";
  const client = new NewClient({ name: "new", version: "2" }, { capabilities, versionNegotiation: { mode } });
  const transport = new NewTransport(new URL(url), { requestInit: { headers } });
  const state = heard();
  client.setRequestHandler("elicitation/create", ({ params }) => elicited(state, params));
  client.setRequestHandler("sampling/createMessage", sample);
  client.setRequestHandler("roots/list", roots);
  client.setNotificationHandler("notifications/message", ({ params }) => void state.logs.push(params.data));
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => void state.updated.push(params.uri));
  client.setNotificationHandler("notifications/tools/list_changed", () => void (state.changes += 1));
  await client.connect(transport);
  let meta = {};
  let subscription: { close(): Promise<void> } | undefined;
  return Object.assign(state, {
    client: client as unknown as Common,
    revision: client.getNegotiatedProtocolVersion(),
    call: (name: string, args = {}, options: CallOptions = {}) =>
      client.callTool({ name, arguments: args, _meta: meta }, options) as Promise<ToolResult>,
    async watch(uri: string) {
      if (isNew) {
        meta = { "io.modelcontextprotocol/logLevel": "debug" };
        subscription = await client.listen({ toolsListChanged: true, resourceSubscriptions: [uri] });
        return;
      }
      await client.setLoggingLevel("debug");
      await client.subscribeResource({ uri });
    },
    async close() {
      await subscription?.close();
      if (!isNew) await transport.terminateSession().catch(() => {});
      await client.close();
    },
  });
}
