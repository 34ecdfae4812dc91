/**
 * Reloads under load: `node_modules/.bin/node bench/reload.ts [--reloads 10000] [--clients 16]`. One gateway in this
 * process, on a configuration as somebody might have it; clients and backends in a thread of their own. Every reload
 * changes something, so that everything is compiled anew. Prints what was served and lost, and what is held before and after.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as immediate, setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Agent, request } from "undici";
import { startTestGateway, type TestGateway } from "../test/gateway-harness.ts";
import { testIssuer } from "../test/tokens.ts";

const issuer = testIssuer("bench-key");

// the gateway's side

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { reloads: { type: "string", default: "10000" }, clients: { type: "string", default: "16" } } });
  const reloads = Number(values.reloads);
  const backends = new Worker(new URL(import.meta.url), { workerData: { role: "backends" } });
  const [backendPort] = (await once(backends, "message")) as [number];
  const gateway = await startTestGateway(JSON.stringify(configuration(backendPort, 0)));
  const token = issuer.token({ iss: "https://issuer.test", sub: "bench", team: "search", exp: Math.floor(Date.now() / 1000) + 86_400 });
  const port = (key?: string): number => Number(new URL(gateway.url(key)).port);
  const load = new Worker(new URL(import.meta.url), {
    workerData: { role: "clients", clients: Number(values.clients), token, http: port("bind/0:0"), llm: port("llm"), mcp: port("mcp") },
  });
  await once(load, "message"); // the first replies are there

  await reloadTimes(gateway, backendPort, { from: 1, to: 200 }); // the process grows to its size at work
  const before = await held(gateway);
  const startedAt = performance.now();
  await reloadTimes(gateway, backendPort, { from: 201, to: 200 + reloads });
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await held(gateway);

  load.postMessage("stop");
  const [{ served, lost, reasons }] = (await once(load, "message")) as [Outcome];
  const idle = await held(gateway);
  await gateway.close();
  await Promise.all([load.terminate(), backends.terminate()]);
  console.log(`| | before | after ${reloads} reloads | after, no load |
| --- | --- | --- | --- |
| heap after garbage collection, MB | ${before.heap} | ${after.heap} | ${idle.heap} |
| memory of the process, MB | ${before.rss} | ${after.rss} | ${idle.rss} |
| resources held (pools, key sets, ...) | ${before.resources} | ${after.resources} | ${idle.resources} |

${served} requests served, ${lost} lost; ${((seconds * 1000) / reloads).toFixed(1)} ms a reload, clients at work beside it.`);
  for (const reason of reasons) console.log(`lost: ${reason}`);
  process.exitCode = lost === 0 ? 0 : 1;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

async function reloadTimes(gateway: TestGateway, backendPort: number, { from, to }: Span): Promise<void> {
  for (let version = from; version <= to; version++) {
    const took = await gateway.reload(JSON.stringify(configuration(backendPort, version)));
    if (!took) throw new Error(`reload ${version} failed: ${await gateway.output()}`);
    await immediate(); // requests come in between two reloads
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1);

async function held(gateway: TestGateway): Promise<{ heap: string; rss: string; resources: number }> {
  await pause(500); // streams end that began under an older configuration
  collectGarbage();
  await immediate();
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: megabytes(heapUsed), rss: megabytes(rss), resources: gateway.resources() };
}

/** Routes with and without login, models, and MCP servers; `version` changes a header, a limit, a model and a target. */
function configuration(backendPort: number, version: number): object {
  const host = `127.0.0.1:${backendPort}`;
  const even = version % 2 === 0;
  const login = { jwtAuth: { mode: "strict", issuer: "https://issuer.test", jwks: issuer.jwks } };
  const guarded = {
    ...login,
    authorization: { rules: ['jwt.sub == "bench"', { deny: `request.headers["x-version"] == "${version}-none"` }] },
    localRateLimit: [{ maxTokens: 1_000_000, tokensPerFill: 1_000_000, fillInterval: "1s" }],
    transformations: { request: { set: { "x-team": "jwt.team" } }, response: { set: { "x-version": `"${version}"` } } },
    retry: { attempts: 2, codes: [502] },
    timeout: { requestTimeout: "30s" },
  };
  const routes = Array.from({ length: 8 }, (_, index) => ({
    name: `route-${index}`,
    matches: [
      { path: { pathPrefix: `/route-${index}` }, headers: [{ name: "x-kind", value: { regex: "[a-z]+" } }] },
      { path: { exact: `/exact-${index}` } },
    ],
    policies: { urlRewrite: { path: { full: `/rewritten-${index}` } }, responseHeaderModifier: { set: { "x-version": String(version) } } },
    backends: [
      { host, weight: 3 },
      { backend: "named", weight: 1 },
    ],
  }));
  const params = { apiKey: "sk-bench", baseUrl: `http://${host}/v1` };
  return {
    config: { logging: { level: "error" }, metrics: { fields: { add: { team: "jwt.team" } } } },
    backends: [{ name: "named", host }],
    binds: [
      {
        port: 0,
        listeners: [
          {
            routes: [
              ...routes,
              { name: "guarded", matches: [{ path: { pathPrefix: "/guarded" } }], policies: guarded, backends: [{ host }] },
            ],
          },
        ],
      },
    ],
    llm: {
      port: 0,
      policies: login,
      models: [
        { name: "fast", provider: "openAI", params },
        { name: even ? "even-*" : "odd-*", provider: "openAI", params },
        { name: "*", provider: "openAI", params },
      ],
    },
    mcp: {
      port: 0,
      statefulMode: "stateless",
      targets: ["one", "two", ...(even ? ["three"] : [])].map((name) => ({ name, mcp: { host: `http://${host}/mcp` } })),
      policies: { mcpAuthorization: { rules: ['mcp.tool.name == "echo"'] } },
    },
  };
}

// the clients' side

interface ClientData {
  readonly clients: number;
  readonly token: string;
  readonly http: number;
  readonly llm: number;
  readonly mcp: number;
}

interface Outcome {
  readonly served: number;
  readonly lost: number;
  /** The first few. */
  readonly reasons: readonly string[];
}

async function runClients(data: ClientData): Promise<void> {
  const agent = new Agent({ connections: data.clients });
  const reasons: string[] = [];
  let running = true;
  let served = 0;
  let lost = 0;
  parentPort?.once("message", () => (running = false));
  const kinds = requestKinds(data);
  const one = async (turn: number): Promise<void> => {
    const { port, path, headers, body, expected } = kinds[turn % kinds.length] as RequestKind;
    try {
      const url = `http://127.0.0.1:${port}${path}`;
      const reply = await request(url, { dispatcher: agent, method: body === undefined ? "GET" : "POST", headers, body: body ?? null });
      const text = await reply.body.text();
      if (reply.statusCode !== 200 || !text.includes(expected)) throw new Error(`${path}: ${reply.statusCode} ${text.slice(0, 200)}`);
      served += 1;
    } catch (error) {
      lost += 1;
      if (reasons.length < 5) reasons.push(String(error));
    }
  };
  for (let turn = 0; turn < kinds.length; turn++) await one(turn);
  parentPort?.postMessage("started");
  const loop = async (first: number): Promise<void> => {
    for (let turn = first; running; turn++) await one(turn); // eslint-disable-line no-unmodified-loop-condition -- set by the message
  };
  await Promise.all(Array.from({ length: data.clients }, (_, index) => loop(index)));
  await agent.close();
  parentPort?.postMessage({ served, lost, reasons } satisfies Outcome);
}

interface RequestKind {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expected: string;
}

function requestKinds({ token, http, llm, mcp }: ClientData): RequestKind[] {
  const json = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "one_echo", arguments: {} } };
  const chat = (model: string, stream: boolean): string => JSON.stringify({ model, stream, messages: [{ role: "user", content: "hi" }] });
  return [
    { port: http, path: "/route-3/x", headers: { "x-kind": "plain" }, expected: "fine" },
    { port: http, path: "/exact-5", headers: {}, expected: "fine" },
    { port: http, path: "/guarded/y", headers: json, body: '{"a":1}', expected: "fine" },
    { port: llm, path: "/v1/chat/completions", headers: json, body: chat("fast", false), expected: "chat.completion" },
    { port: llm, path: "/v1/chat/completions", headers: json, body: chat("even-1", true), expected: "[DONE]" },
    {
      port: mcp,
      path: "/mcp",
      headers: { ...json, accept: "application/json, text/event-stream" },
      body: JSON.stringify(call),
      expected: "echoed",
    },
  ];
}

// the backends' side

function runBackends(): void {
  const server = createServer((message, response) => void answer(message, response));
  server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (message.url === "/mcp") answerMcp(text, response);
  else if (message.url?.startsWith("/v1/") !== true) response.end("fine");
  else if (text.includes('"stream":true')) await stream(response);
  else
    response
      .setHeader("content-type", "application/json")
      .end('{"object":"chat.completion","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}');
}

/** Long enough to be there while several reloads go by. */
async function stream(response: ServerResponse): Promise<void> {
  response.setHeader("content-type", "text/event-stream");
  for (let i = 0; i < 20; i++) {
    response.write(`data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"${i}"}}]}\n\n`);
    await pause(10);
  }
  response.end("data: [DONE]\n\n");
}

function answerMcp(text: string, response: ServerResponse): void {
  if (text === "") {
    response.end();
    return;
  }
  const { id, method } = JSON.parse(text) as { id?: number; method?: string };
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const result =
    method === "initialize"
      ? { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "bench", version: "1" } }
      : { content: [{ type: "text", text: "echoed" }] };
  response.setHeader("content-type", "application/json").end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}

const role = isMainThread ? "main" : (workerData as { role: string }).role;
if (role === "main") await main();
else if (role === "clients") await runClients(workerData as ClientData);
else runBackends();
