import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ConfigError, formatIssue } from "../../src/config/issues.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { bodyOf, startServer } from "../http/upstream-server.ts";
import { connect } from "./harness.ts";
import { type Petstore, petstoreYaml, startPetstore } from "./petstore.ts";

let petstore: Petstore;
let gateway: TestGateway | undefined;
let client: Client;

before(async () => {
  petstore = await startPetstore();
  gateway = await startTestGateway(configOf([target("pets")]));
  client = await connect(gateway.url(), { "x-team": "a", authorization: "Bearer client" });
});

after(async () => {
  await client?.close();
  await gateway?.close();
  await petstore?.close();
});

function target(name: string, extra = ""): string {
  return `{name: ${name}, openapi: {schema: ${JSON.stringify(petstoreYaml.replaceAll("$", "$$$$"))}, host: "127.0.0.1:${petstore.port}"}${extra}}`;
}

function configOf(targets: readonly string[], more = ""): string {
  return `
binds:
- port: 0
  listeners:
  - routes:
    - backends:
      - mcp: {${more}targets: [${targets.join(", ")}]}
`;
}

interface Result {
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

async function call(name: string, args: Record<string, unknown>, on = client): Promise<Result> {
  return (await on.callTool({ name, arguments: args })) as unknown as Result;
}

test("the client sees a server with tools and nothing else", async () => {
  assert.deepEqual(client.getServerCapabilities(), { tools: {} });
  assert.deepEqual(client.getServerVersion(), { name: "Pets", version: "1.2" });
  await client.ping();
  await assert.rejects(client.request({ method: "prompts/list" }, anything), { code: -32601 });
});

/** A result schema of the client's that takes everything. */
const anything = { parse: (value: unknown) => value, safeParse: (data: unknown) => ({ success: true, data }) } as never;

test("every operation is a tool", async () => {
  const { tools } = await client.listTools();
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  assert.deepEqual([...byName.keys()], ["findPets", "addPet", "getPet", "delete_pets_id", "setPhoto", "broken", "slow", "text"]);
  assert.deepEqual(byName.get("getPet"), {
    name: "getPet",
    title: "One pet",
    description: "One pet",
    inputSchema: {
      type: "object",
      properties: {
        path: { type: "object", properties: { id: { type: "integer" } }, required: ["id"] },
        header: { type: "object", properties: { "X-Reason": { type: "string", description: "Why." } } },
      },
      required: ["path"],
    },
    annotations: { readOnlyHint: true },
  });
  assert.deepEqual(byName.get("delete_pets_id")?.annotations, { destructiveHint: true, idempotentHint: true });
  assert.deepEqual(byName.get("addPet")?.inputSchema, {
    type: "object",
    properties: {
      body: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string" },
          tag: { type: ["string", "null"] },
          mother: { description: "Another Pet, as described around it." },
        },
      },
    },
    required: ["body"],
  });
});

test("path, query and header arguments; the client's own fields go along", async () => {
  const one = await call("getPet", { path: { id: 4 }, header: { "X-Reason": "curious" } });
  assert.deepEqual(one, {
    content: [{ type: "text", text: '{"name":"Rex","url":"/v2/pets/4"}' }],
    structuredContent: { name: "Rex", url: "/v2/pets/4" },
  });
  const { headers } = petstore.requests.at(-1) ?? assert.fail();
  assert.deepEqual(
    [headers["x-reason"], headers["x-team"], headers.authorization, headers.accept, headers["mcp-session-id"], headers["content-type"]],
    ["curious", "a", "Bearer client", "application/json", undefined, undefined],
  );
  const many = await call("findPets", { query: { tag: ["a b", "c&d"], limit: 2 } });
  assert.equal(petstore.requests.at(-1)?.url, "/v2/pets?tag=a%20b&tag=c%26d&limit=2");
  assert.deepEqual(many.structuredContent, { data: [{ name: "Rex" }] }, "compressed, although nobody asked for it");
});

test("a JSON body goes on as it was written; base64 becomes bytes", async () => {
  assert.deepEqual((await call("addPet", { body: { name: "Max", tag: null } })).structuredContent, { id: 7 });
  const json = petstore.requests.at(-1);
  assert.deepEqual([json?.method, json?.body, json?.headers["content-type"]], ["POST", '{"name":"Max","tag":null}', "application/json"]);
  await call("setPhoto", { path: { id: 1 }, body: Buffer.from("photo").toString("base64") });
  const bytes = petstore.requests.at(-1);
  assert.deepEqual(
    [bytes?.method, bytes?.url, bytes?.body, bytes?.headers["content-type"]],
    ["PUT", "/v2/pets/1/photo", "photo", "application/octet-stream"],
  );
});

test("refusals of the service are results that are errors, its failures are errors", async () => {
  const missing = await call("delete_pets_id", { path: { id: "x" } });
  assert.deepEqual(missing, {
    content: [
      { type: "text", text: "HTTP status 404" },
      { type: "text", text: '{"problem":"no such pet"}' },
    ],
    structuredContent: { problem: "no such pet" },
    isError: true,
  });
  await assert.rejects(call("broken", {}), /target "pets": HTTP status 503: \{"problem":"no database"\}/);
  assert.deepEqual((await call("text", {})).structuredContent, { code: 200, message: "plain" });
});

test("arguments that cannot be sent are not sent", async () => {
  const before = petstore.requests.length;
  for (const [args, text] of [
    [{ path: { id: ".." } }, '"path.id" must not hold a path segment "." or ".."'],
    [{ path: { id: "../admin" } }, '"path.id" must not hold a path segment "." or ".."'],
    [{ path: { id: "" } }, '"path.id" must not be empty'],
    [{ path: { id: { a: { b: 1 } } } }, '"path.id.a" must be a text, a number or true or false'],
    [{}, '"path.id" is missing'],
    [{ id: 1 }, 'unknown argument "id"; the arguments of this tool are "path", "header", "query"'],
    [{ path: { id: 1 }, header: { "X-Reason": "a\r\nhost: b" } }, '"header.X-Reason" must be printable ASCII in one line'],
    [{ path: { id: 1 }, header: { host: "b" } }, '"header" has no "host"; it has "x-reason"'],
  ] as const) {
    const { isError, content } = await call("getPet", args);
    assert.deepEqual([isError, content[0]?.text], [true, text]);
  }
  assert.equal(petstore.requests.length, before);
  await assert.rejects(call("nothing", {}), { code: -32602 });
});

test("a cancelled call is cancelled at the service", async () => {
  const called = petstore.slowCalled();
  const controller = new AbortController();
  const result = client.callTool({ name: "slow", arguments: {} }, undefined, { signal: controller.signal });
  const { left } = await called;
  controller.abort(new Error("enough"));
  await assert.rejects(result, /enough/);
  await left;
});

test("several targets: names with prefixes, policies of the target around its calls", async (t) => {
  const other = await startServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { id, method } = JSON.parse(body === "" ? "{}" : body) as { id?: number; method?: string };
      const results: Record<string, unknown> = {
        initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "o", version: "1" } },
        "tools/list": { tools: [{ name: "echo", inputSchema: { type: "object" } }] },
      };
      response.writeHead(id === undefined ? 202 : 200, { "content-type": "application/json" });
      response.end(id === undefined ? "" : JSON.stringify({ jsonrpc: "2.0", id, result: results[method ?? ""] ?? {} }));
    });
  });
  const second = `{name: other, mcp: {host: "http://127.0.0.1:${other.port}/mcp"}}`;
  const both = await startTestGateway(configOf([target("pets", ", policies: {backendAuth: {key: secret}}"), second]));
  const on = await connect(both.url());
  t.after(async () => {
    await on.close();
    await both.close();
    await other.close();
  });
  const { tools } = await on.listTools();
  assert.deepEqual([tools.length, tools[0]?.name, tools.at(-1)?.name], [9, "pets_findPets", "other_echo"]);
  assert.deepEqual((await call("pets_getPet", { path: { id: 2 } }, on)).structuredContent, { name: "Rex", url: "/v2/pets/2" });
  assert.equal(petstore.requests.at(-1)?.headers.authorization, "Bearer secret");
  assert.deepEqual((await on.listPrompts()).prompts, []);
  assert.match(await both.metrics(), /pets/);
});

test("without sessions", async (t) => {
  const stateless = await startTestGateway(configOf([target("pets")], "statefulMode: stateless, "));
  const on = await connect(stateless.url());
  t.after(async () => {
    await on.close();
    await stateless.close();
  });
  assert.equal((await on.listTools()).tools.length, 8);
  assert.deepEqual((await call("getPet", { path: { id: 3 } }, on)).structuredContent, { name: "Rex", url: "/v2/pets/3" });
});

test("a description by URL: errors name the target until it is there; a path of the target replaces the document's", async (t) => {
  const late = await startPetstore();
  const { port } = late;
  await late.close();
  const remote = `{name: late, openapi: {schema: {url: "http://127.0.0.1:${port}/openapi.yaml"}, host: "http://127.0.0.1:${petstore.port}/v3"}}`;
  const waiting = await startTestGateway(configOf([remote]));
  t.after(() => waiting.close());
  await assert.rejects(connect(waiting.url()), /target \\"late\\": its OpenAPI document is not there yet: http:\/\/127\.0\.0\.1/);
  const back = await startPetstore(port);
  t.after(() => back.close());
  const on = await eventually(() => connect(waiting.url()));
  t.after(() => on.close());
  assert.equal((await on.listTools()).tools.length, 8);
  await call("getPet", { path: { id: 5 } }, on);
  assert.equal(petstore.requests.at(-1)?.url, "/v3/pets/5");
});

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (thrown) {
      if (tries === 100) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test("a document that is none is found at load, with its place", async () => {
  const wrong = configOf([`{name: wrong, openapi: {schema: "swagger: '2.0'", host: "127.0.0.1:${petstore.port}"}}`]);
  await assert.rejects(startTestGateway(wrong), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.issues.map(formatIssue).join("\n"), /mcp\.targets\[0\]\.openapi\.schema: is Swagger 2\.0/);
    return true;
  });
});
