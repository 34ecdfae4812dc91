/**
 * A stand-in for a provider of models, for trying the gateway and for tests: OpenAI's chat completions (streamed and
 * not), embeddings and list of models, on this machine, with answers that follow from the prompt alone.
 *
 *   node examples/simulated-model.ts --port 4010
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";

export interface SimulatedModelOptions {
  /** 0 = any free port. */
  readonly port: number;
  /** Pause before each word of a stream, milliseconds. */
  readonly wordDelayMs?: number;
}

export interface SimulatedModel {
  readonly port: number;
  /** Streams that a client left before their end. */
  readonly abortedStreams: number;
  close(): Promise<void>;
}

/** Starts it on localhost. */
export async function startSimulatedModel({ port, wordDelayMs = 0 }: SimulatedModelOptions): Promise<SimulatedModel> {
  let abortedStreams = 0;
  const server = createServer((request, response) => {
    answer(request, response, wordDelayMs).catch((error: unknown) => {
      if (response.headersSent) {
        abortedStreams += 1;
        response.destroy();
      } else sendError(response, error instanceof BadRequest ? 400 : 500, String(error instanceof Error ? error.message : error));
    });
  });
  server.listen(port, "localhost");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulated model has no port");
  return {
    port: address.port,
    get abortedStreams() {
      return abortedStreams;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

class BadRequest extends Error {}

const largestBody = 8 * 1024 * 1024;
const createdAt = 1_700_000_000;

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxWords: number;
  readonly tool: Tool | undefined;
}

interface Tool {
  readonly name: string;
  readonly parameters?: {
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, wordDelayMs: number): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname === "/v1/models") {
    sendJson(response, 200, { object: "list", data: [{ id: "simulated", object: "model", created: createdAt, owned_by: "examples" }] });
    return;
  }
  const body = await readJson(request);
  if (pathname === "/v1/embeddings") sendJson(response, 200, embeddings(body));
  else if (pathname === "/v1/chat/completions") await sendCompletion(response, readChat(body), wordDelayMs);
  else sendError(response, 404, `there is nothing at ${pathname}`);
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new BadRequest("the body is too large");
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new BadRequest("the body is not a JSON object");
}

function readChat(body: Record<string, unknown>): ChatRequest {
  const { model, messages, stream, stream_options: options, tools } = body;
  if (typeof model !== "string") throw new BadRequest("`model` is missing");
  if (!Array.isArray(messages) || messages.length === 0) throw new BadRequest("`messages` is missing");
  const limit = body["max_completion_tokens"] ?? body["max_tokens"];
  const [tool] = Array.isArray(tools) ? (tools as { function?: Tool }[]) : [];
  return {
    model,
    messages,
    stream: stream === true,
    includeUsage: (options as { include_usage?: boolean } | undefined)?.include_usage === true,
    maxWords: typeof limit === "number" && limit > 0 ? limit : Number.POSITIVE_INFINITY,
    tool: tool?.function,
  };
}

/** What the model "says": a tool call when it was offered a tool and asked by a user, else words about the last message. */
function reply({ messages, tool, maxWords }: ChatRequest) {
  const last = messages[messages.length - 1];
  const text = textOf(last?.content);
  const inputWords = messages.reduce((sum, { content }) => sum + wordsOf(textOf(content)).length, 0);
  if (tool !== undefined && last?.role === "user") {
    const argumentsText = JSON.stringify(argumentsFor(tool, text));
    const call = { id: "call_simulated", type: "function", function: { name: tool.name, arguments: argumentsText } };
    return { words: [] as string[], call, finish: "tool_calls", inputWords, outputWords: 1 };
  }
  const all = wordsOf(`You said: ${text}`);
  const words = all.slice(0, maxWords);
  return { words, call: undefined, finish: words.length < all.length ? "length" : "stop", inputWords, outputWords: words.length };
}

/** The required arguments: the user's text for strings, something fitting for the rest. */
function argumentsFor({ parameters }: Tool, text: string): Record<string, unknown> {
  const value = (type: string | undefined): unknown => (type === "number" || type === "integer" ? 1 : type === "boolean" ? true : text);
  return Object.fromEntries((parameters?.required ?? []).map((name) => [name, value(parameters?.properties?.[name]?.type)]));
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join(" ");
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

async function sendCompletion(response: ServerResponse, chat: ChatRequest, wordDelayMs: number): Promise<void> {
  const { words, call, finish, inputWords, outputWords } = reply(chat);
  const usage = { prompt_tokens: inputWords, completion_tokens: outputWords, total_tokens: inputWords + outputWords };
  const head = { id: "chatcmpl-simulated", created: createdAt, model: `${chat.model}-simulated` };
  if (!chat.stream) {
    const message = {
      role: "assistant",
      content: call === undefined ? words.join(" ") : null,
      ...(call === undefined ? {} : { tool_calls: [call] }),
    };
    sendJson(response, 200, { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: finish }], usage });
    return;
  }
  const chunk = (delta: object, reason: string | null = null): object => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: reason }],
    ...(chat.includeUsage ? { usage: null } : {}),
  });
  const events = [
    chunk({ role: "assistant", content: "" }),
    ...(call === undefined ? [] : [chunk({ tool_calls: [{ index: 0, ...call }] })]),
    ...words.map((word, index) => chunk({ content: index === 0 ? word : ` ${word}` })),
    chunk({}, finish),
    ...(chat.includeUsage ? [{ ...head, object: "chat.completion.chunk", choices: [], usage }] : []),
  ];
  await sendEvents(response, [...events.map((event) => JSON.stringify(event)), "[DONE]"], wordDelayMs);
}

async function sendEvents(response: ServerResponse, events: readonly string[], delayMs: number): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const event of events) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (response.destroyed) throw new Error("the client left");
    if (!response.write(`data: ${event}\n\n`)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}

/** Vectors of 8 numbers, made from the characters of each text. */
function embeddings(body: Record<string, unknown>): object {
  const { model, input } = body;
  if (typeof model !== "string") throw new BadRequest("`model` is missing");
  const texts = (Array.isArray(input) ? input : [input]).map(String);
  const tokens = texts.reduce((sum, text) => sum + wordsOf(text).length, 0);
  const data = texts.map((text, index) => {
    const vector = Array.from({ length: 8 }, (_, place) => ((text.charCodeAt(place % Math.max(1, text.length)) || 0) % 100) / 100);
    return { object: "embedding", index, embedding: body["encoding_format"] === "base64" ? base64(vector) : vector };
  });
  return { object: "list", model: `${model}-simulated`, data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** OpenAI's compact form: 32-bit floats, little endian. */
function base64(vector: readonly number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString("base64");
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, {
    error: { message, type: status === 500 ? "server_error" : "invalid_request_error", param: null, code: null },
  });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "4010" }, "word-delay": { type: "string", default: "0" } } });
  const model = await startSimulatedModel({ port: Number(values.port), wordDelayMs: Number(values["word-delay"]) });
  console.log(`simulated model on http://localhost:${model.port}/v1`);
}
