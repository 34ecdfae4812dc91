import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { startServer, type TestServer } from "../http/upstream-server.ts";
import { eventually, type Serving, startServing } from "../process/serving.ts";
import { indented, replaced, snippet } from "./snippets.ts";
import { type FakeVertex, startFakeVertex, streamed } from "./vertex.ts";

/** "Govern Traffic to LLMs": the article's configuration in a process, with a fake Vertex AI behind it. */

let vertex: FakeVertex;
let keyServer: TestServer;
let sign: (claims: JWTPayload) => Promise<string>;
let serving: Serving;

before(async () => {
  vertex = await startFakeVertex();
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "google-1", alg: "RS256", use: "sig" };
  keyServer = await startServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  sign = (claims) =>
    new SignJWT({ iss: "https://accounts.google.com", aud: "111111111.apps.googleusercontent.com", ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "google-1" })
      .setExpirationTime("5m")
      .sign(privateKey);
  serving = await startServing(configuration, { environment: { GOOGLE_APPLICATION_CREDENTIALS: vertex.credentials } });
  await eventually("keys", async () => (await chat(await sign(alice))).status !== 503);
  vertex.seen.length = 0;
});
after(async () => {
  await serving.gateway.stop();
  await keyServer.close();
  await vertex.close();
});

/**
 * The three snippets one below the other. Replaced: where Google's keys are, and where Vertex AI is; the port, which the
 * article leaves at 4000, is added so that tests can run beside one another.
 */
function configuration(port: number): string {
  const access = replaced(snippet("access"), {
    "llm:\n": `llm:\n  port: ${port}\n`,
    "https://www.googleapis.com/oauth2/v3/certs": `http://127.0.0.1:${keyServer.port}/certs`,
  });
  const project = "vertexProject: developers-369321";
  const models = replaced(snippet("models"), { [project]: `${project}\n        baseUrl: ${vertex.url}` });
  return access + indented(models, 2) + snippet("usage");
}

const alice = { sub: "1", email: "alice@solo.io", email_verified: true };
const engineering = { "x-solo-org": "engineering" };

const post = (path: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
  fetch(serving.url + path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

function chat(token: string | undefined, headers: Record<string, string> = engineering): Promise<Response> {
  const body = { model: "gemini-2.5-pro", messages: [{ role: "user", content: "hi" }] };
  return post("/v1/chat/completions", body, { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) });
}

describe("access", () => {
  // shows: article-jwt
  it("is for people with a token of that issuer and audience", async () => {
    const nobody = await chat(undefined);
    assert.deepEqual([nobody.status, nobody.headers.get("www-authenticate")], [401, "Bearer"]);
    assert.equal((await chat(await sign({ ...alice, aud: "222222222.apps.googleusercontent.com" }))).status, 401);
    assert.equal((await chat(await sign({ ...alice, iss: "https://login.example.com" }))).status, 401);
    assert.equal(vertex.seen.length, 0);
  });

  // shows: article-domain
  it("is for verified addresses of the company", async () => {
    const others = [{ email: "alice@solo.io.example.com" }, { email_verified: false }, { email_verified: "true" }, { email: undefined }];
    for (const claims of others) {
      const reply = await chat(await sign({ ...alice, ...claims }));
      assert.equal(reply.status, 403, JSON.stringify(claims));
    }
    assert.equal(vertex.seen.length, 0);
    assert.equal((await chat(await sign(alice))).status, 200);
    assert.equal(vertex.seen.length, 1);
  });
});

describe("models", () => {
  it("of Google are named in the body, and go to the organisation's project with our credential", async () => {
    const reply = await chat(await sign(alice));
    assert.equal(((await reply.json()) as { model: string }).model, "gemini");
    const { url, authorization, body } = vertex.seen.at(-1)!;
    assert.equal(url, "/v1/projects/developers-369321/locations/global/endpoints/openapi/chat/completions");
    assert.deepEqual([authorization, body["model"]], ["Bearer a-google-token", "google/gemini-2.5-pro"]);
  });

  // shows: article-model-in-path
  it("of partners are named in the path, as Claude Code on Vertex AI sends them", async () => {
    const authorization = `Bearer ${await sign(alice)}`;
    const body = { anthropic_version: "vertex-2023-10-16", max_tokens: 10, messages: [{ role: "user", content: "hi" }] };
    const path = (method: string): string => `/v1/projects/any/locations/any/publishers/anthropic/models/claude-opus-4-7:${method}`;
    const whole = await post(path("rawPredict"), body, { ...engineering, authorization });
    assert.equal(((await whole.json()) as { type: string }).type, "message");
    const stream = await post(path("streamRawPredict"), { ...body, stream: true }, { ...engineering, authorization });
    assert.equal(await stream.text(), streamed);
    assert.deepEqual(
      vertex.seen.slice(-2).map(({ url }) => url),
      ["rawPredict", "streamRawPredict"].map(
        (method) => `/v1/projects/developers-369321/locations/global/publishers/anthropic/models/claude-opus-4-7:${method}`,
      ),
    );
  });

  // shows: article-organisation
  it("are only for the organisation that the header names", async () => {
    const seen = vertex.seen.length;
    for (const headers of [{}, { "x-solo-org": "marketing" }]) assert.equal((await chat(await sign(alice), headers)).status, 404);
    assert.equal(vertex.seen.length, seen);
  });
});

describe("usage", () => {
  // shows: article-usage
  it("is counted by person, organisation and model, and logged by person", async () => {
    const bob = { ...alice, sub: "2", email: "bob@solo.io" };
    await (await chat(await sign(bob))).text();
    const path = "/v1/projects/any/locations/any/publishers/anthropic/models/claude-sonnet-4-6:streamRawPredict";
    const body = { anthropic_version: "vertex-2023-10-16", max_tokens: 10, stream: true, messages: [] };
    await (await post(path, body, { ...engineering, authorization: `Bearer ${await sign(bob)}` })).text();
    await eventually("two lines in the log", () => (serving.gateway.output().match(/user_email=bob@solo\.io/g) ?? []).length === 2);

    const lines = (await serving.metrics())
      .split("\n")
      .filter((line) => line.startsWith("agentgateway_gen_ai_client_token_usage_sum") && line.includes("bob@solo.io"));
    const used = lines.map((line) => {
      const label = (name: string): string | undefined => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1];
      return [label("solo_org"), label("gen_ai_request_model"), label("gen_ai_token_type"), Number(line.split(" ").at(-1))].join(" ");
    });
    assert.deepEqual(used.sort(), [
      "engineering claude-sonnet-4-6 input 11",
      "engineering claude-sonnet-4-6 output 5",
      "engineering gemini-2.5-pro input 7",
      "engineering gemini-2.5-pro output 2",
    ]);
  });
});
