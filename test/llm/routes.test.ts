import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type SimulatedModel, startSimulatedModel } from "../../examples/simulated-model.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";

/** LLM traffic through a whole gateway, in both shapes of the configuration. */

interface Seen {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** Something that answers like Vertex AI and remembers what it was asked. */
class FakeVertex {
  readonly seen: Seen[] = [];
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      this.seen.push({ url: request.url ?? "", headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      if (request.url?.includes("streamRawPredict") === true) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(
          'event: message_start\ndata: {"type":"message_start","message":{"model":"claude","usage":{"input_tokens":3,"cache_read_input_tokens":7,"output_tokens":1}}}\n\n',
        );
        response.end('event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":5}}\n\n');
      } else
        response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"type":"message","model":"claude","usage":{"input_tokens":3,"output_tokens":5}}');
    });
  });

  async listen(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get last(): Seen {
    return this.seen.at(-1) as Seen;
  }
}

const vertex = new FakeVertex();
let model: SimulatedModel;
let gateway: TestGateway;
let llm: string;
let routes: string;

before(async () => {
  model = await startSimulatedModel({ port: 0 });
  const vertexPort = await vertex.listen();
  gateway = await startTestGateway(`
llm:
  port: 0
  models:
    # Organisations with projects of their own, told apart by a header
    - name: "*"
      provider: vertex
      matches:
        - headers:
            - name: "X-Solo-Org"
              value:
                exact: "engineering"
      transformation:
        model: |
          request.path.endsWith(":streamRawPredict") || request.path.endsWith(":rawPredict") ?
          request.path.regexReplace("^.*/publishers/anthropic/models/(.+?):.*", "$\${1}") :
          llmRequest.model
      params:
        vertexProject: engineering-project
        baseUrl: http://127.0.0.1:${vertexPort}
      auth:
        key: a-google-token
    - name: "*"
      provider: openAI
      params:
        baseUrl: http://localhost:${model.port}/v1
binds:
- port: 0
  listeners:
  - routes:
    - backends:
      - ai:
          name: local
          provider:
            custom:
              model: pinned
              formats: [{type: completions}]
          hostOverride: localhost:${model.port}
`);
  llm = gateway.url("llm");
  routes = gateway.url([...gateway.gateway.ports.keys()].find((key) => key !== "llm"));
});

after(async () => {
  await gateway.close();
  await model.close();
  vertex.close();
});

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

const engineering = { "x-solo-org": "engineering", "anthropic-beta": "context-1m-2025-08-07,new-thing" };

test("Claude Code on Vertex AI: the model from the path, our project, the stream byte for byte", async () => {
  const body = { anthropic_version: "vertex-2023-10-16", max_tokens: 10, stream: true, messages: [{ role: "user", content: "hi" }] };
  const path = "/v1/projects/any/locations/any/publishers/anthropic/models/claude-opus-4-7:streamRawPredict";
  const reply = await post(llm + path, body, engineering);
  assert.equal(reply.status, 200);
  assert.match(await reply.text(), /^event: message_start\ndata: .*\n\nevent: message_delta\ndata: .*\n\n$/);
  assert.equal(
    vertex.last.url,
    "/v1/projects/engineering-project/locations/global/publishers/anthropic/models/claude-opus-4-7:streamRawPredict",
  );
  assert.deepEqual(vertex.last.body, body);
  assert.equal(vertex.last.headers["authorization"], "Bearer a-google-token");
  assert.equal(vertex.last.headers["anthropic-beta"], engineering["anthropic-beta"]);
  const metrics = await gateway.metrics();
  assert.match(
    metrics,
    /gen_ai_client_token_usage_sum\{gen_ai_token_type="input",[^}]*gen_ai_system="gcp.vertex_ai",gen_ai_request_model="claude-opus-4-7"[^}]*\} 10\n/,
  );
});

test("Anthropic's own path goes to the same place", async () => {
  const reply = await post(`${llm}/v1/messages?beta=true`, { model: "claude-sonnet-4-6", max_tokens: 10, messages: [] }, engineering);
  assert.equal(((await reply.json()) as { model: string }).model, "claude");
  assert.equal(
    vertex.last.url,
    "/v1/projects/engineering-project/locations/global/publishers/anthropic/models/claude-sonnet-4-6:rawPredict",
  );
  assert.deepEqual(vertex.last.body, { max_tokens: 10, messages: [], anthropic_version: "vertex-2023-10-16" });
});

test("without the header the next entry of that name is used", async () => {
  const seen = vertex.seen.length;
  const reply = await post(`${llm}/v1/chat/completions`, { model: "gpt-5", messages: [{ role: "user", content: "hi" }] });
  assert.equal(((await reply.json()) as { model: string }).model, "gpt-5-simulated");
  assert.equal(vertex.seen.length, seen);
});

test("an ai backend of a route", async () => {
  const reply = await post(`${routes}/any/path`, { model: "asked", messages: [{ role: "user", content: "hi there" }] });
  const completion = (await reply.json()) as { model: string; usage: { total_tokens: number } };
  assert.equal(completion.model, "pinned-simulated");
  assert.equal(completion.usage.total_tokens, 6);
});

test("what the simulated model refuses comes through with its status", async () => {
  const reply = await post(`${routes}/any/path`, { messages: [] });
  assert.equal(reply.status, 400);
  assert.match(await reply.text(), /`messages` is missing/);
});
