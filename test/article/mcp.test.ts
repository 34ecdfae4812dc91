import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { startServer, type TestServer } from "../http/upstream-server.ts";
import { connect } from "../mcp/harness.ts";
import { eventually, type Serving, startServing } from "../process/serving.ts";
import { indented, replaced, snippet } from "./snippets.ts";
import { startToolServer, type ToolServer } from "./tool-server.ts";

/** "Governing Traffic from Internal Agents to MCP Servers": the article's configuration in a process, official clients before it. */

let knowledge: ToolServer;
let slack: ToolServer;

before(async () => {
  knowledge = await startToolServer("docs");
  slack = await startToolServer("slack");
});
after(async () => {
  await knowledge.close();
  await slack.close();
});

/** The first snippet with its ellipsis left out, our ports in place of 3000 and of the cluster's services. */
function multiplexing(port: number): string {
  return replaced(snippet("multiplexing"), {
    "          …\n": "",
    "port: 3000": `port: ${port}`,
    "docs.mcp.svc.cluster.local:3003": `127.0.0.1:${knowledge.port}`,
    "slack.mcp.svc.cluster.local:8000": `127.0.0.1:${slack.port}`,
  });
}

describe("multiplexing", () => {
  let serving: Serving;
  before(async () => {
    serving = await startServing(multiplexing);
  });
  after(() => serving.gateway.stop());

  // shows: article-port, article-multiplex
  it("makes two stateless servers one, without sessions, on the port written under `config`", async () => {
    const advice = "config.port: is an old spelling, taken as `binds[].port`";
    await eventually("a word about the port", () => serving.gateway.output().includes(advice));
    const client = await connect(`${serving.url}/mcp`);
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name).sort(), ["knowledge-base_search", "slack-conversations_search"]);
    const docs = await client.callTool({ name: "knowledge-base_search", arguments: { query: "retries" } });
    assert.deepEqual(docs.content, [{ type: "text", text: "docs: retries" }]);
    const chat = await client.callTool({ name: "slack-conversations_search", arguments: { query: "lunch" } });
    assert.deepEqual(chat.content, [{ type: "text", text: "slack: lunch" }]);
    await client.close();
  });

  it("serves nothing but /mcp", async () => {
    const reply = await fetch(`${serving.url}/other`);
    assert.deepEqual([reply.status, await reply.text()], [404, "route not found"]);
  });
});

describe("authentication, and metrics by product", () => {
  const issuer = "https://auth-mcp.example.com";
  const audience = "https://agent-tools.example.com/mcp";
  let keyServer: TestServer;
  let sign: (claims: JWTPayload, lifetime?: string) => Promise<string>;
  let serving: Serving;
  let endpoint: string;

  before(async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
    keyServer = await startServer((request, response) => {
      response.statusCode = request.url === "/.well-known/jwks.json" ? 200 : 404;
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    sign = (claims, lifetime = "5m") =>
      new SignJWT({ iss: issuer, aud: audience, sub: "agent-1", ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "k1" })
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(privateKey);
    // the policies belong to the route, which is two columns further right than the fragment is printed; and what the
    // metrics get by product, the log gets as well
    serving = await startServing((port) => {
      const text =
        multiplexing(port) +
        indented(replaced(snippet("authentication"), { [`url: ${issuer}`]: `url: http://127.0.0.1:${keyServer.port}` }), 2);
      const log = `frontendPolicies: {accessLog: {add: {product: ${productExpression()}}}}\n`;
      return text.replace("config:\n", snippet("product")) + log;
    });
    endpoint = `${serving.url}/mcp`;
    await eventually("keys", async () => (await post(await sign({}))).status !== 503);
  });
  after(async () => {
    await serving.gateway.stop();
    await keyServer.close();
  });

  function productExpression(): string {
    return /product: (.*)/.exec(snippet("product"))?.[1] as string;
  }

  const post = (token?: string): Promise<Response> =>
    fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });

  const challenge = 'Bearer resource_metadata="https://agent-tools.example.com/.well-known/oauth-protected-resource/mcp"';

  /** @param code what RFC 6750 section 3.1 calls the problem */
  async function assertRefused(reply: Response, code?: string): Promise<void> {
    assert.equal(reply.status, 401);
    assert.equal(reply.headers.get("content-type"), "application/json");
    assert.equal(reply.headers.get("www-authenticate"), code === undefined ? challenge : `${challenge}, error="${code}"`);
    assert.equal(await reply.text(), '{"error":"unauthorized","error_description":"JWT token required"}');
  }

  // shows: article-challenge, article-timeout
  it("refuses callers without a token, with the address where to learn more", async () => {
    await assertRefused(await post());
  });

  // shows: article-login
  it("refuses tokens that are for others, expired, or signed by somebody else", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const forged = new SignJWT({ iss: issuer, aud: audience }).setProtectedHeader({ alg: "RS256", kid: "k1" }).setExpirationTime("5m");
    const wrong = [
      await sign({ aud: "https://other.example.com" }),
      await sign({ iss: "https://other.example.com" }),
      await sign({}, "-5m"),
      await forged.sign(privateKey),
      "no token at all",
    ];
    for (const token of wrong) await assertRefused(await post(token), "invalid_token");
  });

  // shows: article-metadata
  it("tells clients about the resource, at the address that the refusal names, without a token", async () => {
    const reply = await fetch(`${serving.url}/.well-known/oauth-protected-resource/mcp`);
    assert.deepEqual([reply.status, reply.headers.get("access-control-allow-origin")], [200, "*"]);
    assert.deepEqual(await reply.json(), {
      resource: audience,
      authorization_servers: [issuer],
      mcp_protocol_version: "2025-06-18",
      resource_type: "mcp-server",
      scopes_supported: ["read:all"],
      bearer_methods_supported: ["header", "body", "query"],
      resource_documentation: "https://agent-tools.example.com/docs",
      resource_policy_uri: "https://agent-tools.example.com/policies",
    });
  });

  // shows: article-login, article-product
  it("lets a real token in, keeps it from the servers, and counts tool calls by product", async () => {
    const client = await connect(endpoint, { authorization: `Bearer ${await sign({})}` });
    const search = (product?: string) =>
      client.callTool({ name: "knowledge-base_search", arguments: { query: "q", ...(product === undefined ? {} : { product }) } });
    await search("kgateway");
    await search("kgateway");
    await search();
    await client.close();
    assert.ok(knowledge.seen.length > 0);
    assert.equal(knowledge.seen.at(-1)?.authorization, undefined);

    const calls =
      /^agentgateway_mcp_requests_total\{(?=[^}]*method="tools\/call")(?=[^}]*server="knowledge-base")(?=[^}]*product="(.*?)")[^}]*\} (\d+)$/gm;
    const counted = Object.fromEntries(
      [...(await serving.metrics()).matchAll(calls)].map(([, product, count]) => [product, Number(count)]),
    );
    assert.deepEqual(counted, { kgateway: 2, "not-applicable": 1 });
    await eventually("three lines in the log", () => (serving.gateway.output().match(/mcp\.method\.name=tools\/call/g) ?? []).length === 3);
    const logged = [...serving.gateway.output().matchAll(/mcp\.method\.name=tools\/call.* product=(\S+)/g)].map(([, product]) => product);
    assert.deepEqual(logged, ["kgateway", "kgateway", "not-applicable"]);
  });
});
