import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener } from "node:http";
import { after, describe, it } from "node:test";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { testIssuer } from "../tokens.ts";
import { bodyOf, echo, startServer } from "./upstream-server.ts";

/** Policies as they work together in a whole gateway, over sockets; each by itself is tested beside its code. */

const toClose: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of toClose.reverse()) await one.close();
});

async function gatewayTo(answer: RequestListener, policies: object, listener: object = {}): Promise<TestGateway> {
  const upstream = await startServer(answer);
  toClose.push(upstream);
  const routes = [{ name: "r", policies, backends: [{ host: `127.0.0.1:${upstream.port}` }] }];
  const gateway = await startTestGateway(JSON.stringify({ binds: [{ port: 0, listeners: [{ policies: listener, routes }] }] }));
  toClose.push(gateway);
  return gateway;
}

const echoing: RequestListener = (request, response) => void echo(request, response);

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const echoed = async (reply: Response): Promise<Echo> => (await reply.json()) as Echo;

/** A body that is sent in chunks, without its length. */
function chunked(text: string): RequestInit {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  return { method: "POST", body, duplex: "half" } as RequestInit;
}

describe("policies in a gateway", () => {
  const issuer = testIssuer("k1");
  const claims = { iss: "https://issuer.test", sub: "alice", exp: Math.floor(Date.now() / 1000) + 300 };
  const bearer = { authorization: `Bearer ${issuer.token(claims)}` };
  const origin = { origin: "https://app.test" };

  it("authenticate, authorize and tell browsers, in this order", async () => {
    const gateway = await gatewayTo(echoing, {
      cors: { allowOrigins: ["https://app.test"] },
      jwtAuth: { mode: "strict", issuer: "https://issuer.test", jwks: issuer.jwks },
      authorization: { rules: ['jwt.sub == "alice" && request.path != "/secret"'] },
      transformations: { request: { set: { "x-user": "jwt.sub" } }, response: { set: { "x-code": "response.code" } } },
    });
    const preflight = await fetch(gateway.url(), { method: "OPTIONS", headers: { ...origin, "access-control-request-method": "GET" } });
    assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-origin")], [200, "https://app.test"]);
    const anonymous = await fetch(gateway.url(), { headers: origin });
    assert.deepEqual([anonymous.status, anonymous.headers.get("access-control-allow-origin")], [401, "https://app.test"]);
    const forbidden = await fetch(`${gateway.url()}/secret`, { headers: { ...origin, ...bearer } });
    assert.deepEqual([forbidden.status, forbidden.headers.get("access-control-allow-origin")], [403, "https://app.test"]);
    const allowed = await fetch(gateway.url(), { headers: { ...bearer, "x-user": "mallory" } });
    assert.equal(allowed.headers.get("x-code"), "200");
    const { headers } = await echoed(allowed);
    assert.deepEqual([headers["x-user"], headers["authorization"]], ["alice", undefined]);
  });

  it("check again at the route what the gateway let through", async () => {
    const gateway = await gatewayTo(
      echoing,
      { authorization: { rules: [{ deny: 'request.path == "/a"' }] } },
      { authorization: { rules: ['request.method == "GET"'] } },
    );
    assert.equal((await fetch(`${gateway.url()}/b`)).status, 200);
    assert.equal((await fetch(`${gateway.url()}/a`)).status, 403);
    assert.equal((await fetch(`${gateway.url()}/b`, { method: "POST" })).status, 403);
  });

  it("try again with the same body, and only once more with attempts: 1", async () => {
    const bodies: string[] = [];
    const failing: RequestListener = (request: IncomingMessage, response) => {
      void bodyOf(request).then((body) => {
        bodies.push(`${body}${String(request.headers["x-retry-attempt"] ?? "")}`);
        response.writeHead(503).end();
      });
    };
    const gateway = await gatewayTo(failing, { retry: { codes: [503] } });
    assert.equal((await fetch(gateway.url(), chunked("ping"))).status, 503);
    assert.deepEqual(bodies, ["ping", "ping1"]);
  });

  it("pass a body on that is too large to be sent twice, every byte of it", async () => {
    const gateway = await gatewayTo(echoing, { retry: { codes: [503] } });
    const large = "x".repeat(100_000);
    assert.equal((await echoed(await fetch(gateway.url(), chunked(large)))).body, large);
  });

  it("buffer up to the limit of the configuration", async () => {
    const closed = await gatewayTo(echoing, { buffer: { request: { maxBytes: 10 } } });
    assert.equal((await fetch(closed.url(), chunked("x".repeat(11)))).status, 413);
    const open = await gatewayTo(echoing, { buffer: { request: { maxBytes: 10, failureMode: "failOpen" } } });
    assert.equal((await echoed(await fetch(open.url(), chunked("x".repeat(11))))).body, "x".repeat(11));
    const response = await gatewayTo((_request, reply) => void reply.end("x".repeat(11)), { buffer: { response: { maxBytes: 10 } } });
    assert.equal((await fetch(response.url())).status, 502);
  });

  it("time out for headers, but never for a body", async () => {
    const silent = await gatewayTo(() => {}, { timeout: { requestTimeout: "50ms" } });
    const late = await fetch(silent.url());
    assert.deepEqual([late.status, await late.text()], [504, "request timeout"]);
    const silentCall = await gatewayTo(() => {}, { timeout: { backendRequestTimeout: "50ms" } });
    assert.equal(await (await fetch(silentCall.url())).text(), "upstream call timeout");
    const slow: RequestListener = (_request, response) => {
      response.write("first ");
      setTimeout(() => response.end("last"), 120);
    };
    const streaming = await gatewayTo(slow, { timeout: { requestTimeout: "50ms" } });
    assert.equal(await (await fetch(streaming.url())).text(), "first last");
  });

  it("rewrite what the backend sees, and limit how often", async () => {
    const gateway = await gatewayTo(echoing, {
      localRateLimit: [{ maxTokens: 1, tokensPerFill: 1, fillInterval: "1h" }],
      urlRewrite: { path: { full: "/v2" }, authority: { full: "api.test" } },
      requestHeaderModifier: { set: { "x-a": "1" } },
      responseHeaderModifier: { set: { "x-b": "2" } },
    });
    const reply = await fetch(`${gateway.url()}/v1?q=1`);
    assert.deepEqual([reply.headers.get("x-b"), reply.headers.get("x-ratelimit-remaining")], ["2", "0"]);
    const { url, headers } = await echoed(reply);
    assert.deepEqual([url, headers["host"], headers["x-a"]], ["/v2?q=1", "api.test", "1"]);
    assert.equal((await fetch(gateway.url())).status, 429);
  });

  it("change bodies both ways, and see those that stream", async () => {
    const gateway = await gatewayTo(echoing, {
      transformations: { request: { body: '"<" + request.body + ">"' }, response: { body: '{"sent": json(response.body).body}' } },
    });
    assert.deepEqual(await (await fetch(gateway.url(), chunked("hi"))).json(), { sent: "<hi>" });
  });

  it("answer and redirect without a backend", async () => {
    const direct = await gatewayTo(echoing, { directResponse: { status: 418, bodyExpression: '"teapot at " + request.path' } });
    const reply = await fetch(`${direct.url()}/x`);
    assert.deepEqual([reply.status, await reply.text()], [418, "teapot at /x"]);
    const redirect = await gatewayTo(echoing, { requestRedirect: { scheme: "https", authority: { full: "www.test" } } });
    const led = await fetch(`${redirect.url()}/x?y=1`, { redirect: "manual" });
    assert.deepEqual([led.status, led.headers.get("location")], [302, "https://www.test/x?y=1"]);
  });
});
