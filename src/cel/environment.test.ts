import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { HeaderList } from "../base/headers.ts";
import type { RequestBody } from "../contract/body.ts";
import { Exchange } from "../contract/exchange.ts";
import { Flattened } from "../contract/expression.ts";
import { Reply } from "../contract/reply.ts";
import { compileExpression } from "./compile.ts";
import { describeProcess, environmentOf, environmentOfReply, fieldExpression, holds } from "./environment.ts";
import { toPlain } from "./plain.ts";
import { CelError } from "./value.ts";

function body(collected: Buffer | undefined, length: number | undefined): RequestBody {
  return {
    length,
    collected,
    recorded: Buffer.from("recorded"),
    record: () => undefined,
    collect: () => Promise.reject(new Error("not collected here")),
    stream: () => Readable.from([]),
    replace: () => undefined,
  };
}

function exchangeWith(requestBody: RequestBody = body(undefined, 0)): Exchange {
  return new Exchange({
    connection: {
      remoteAddress: "::ffff:10.1.2.3",
      remotePort: 5000,
      localAddress: "127.0.0.1",
      localPort: 3000,
      tls: { serverName: "sni.example", subject: "client", subjectAltNames: ["DNS:a.example", "URI:spiffe://td/ns/prod/sa/web"] },
    },
    listener: { bind: "3000", gateway: "gw", listener: "http" },
    request: {
      method: "POST",
      scheme: "http",
      authority: "example.com:3000",
      path: "/v1/chat",
      search: "?a=1&a=2",
      headers: new HeaderList(["x-team", "red", "accept", "x", "accept", "y"]),
    },
    body: requestBody,
    httpVersion: "1.1",
    limits: { maxBufferSize: 1_000 },
    startedAt: 1_700_000_000_000,
    startedMonotonic: 100,
  });
}

function evaluate(source: string, exchange: Exchange): unknown {
  const expression = compileExpression(source);
  assert.deepEqual(expression.warnings, []);
  const value = expression.evaluate(environmentOf(exchange));
  return value instanceof CelError ? value : toPlain(value);
}

describe("an exchange as variables", () => {
  const exchange = exchangeWith(body(Buffer.from('{"model":"m","temperature":1}'), undefined));
  exchange.identity.jwt = { claims: { sub: "ann", aud: ["a", "b"] }, token: "head.claims.signature" };
  exchange.identity.apiKey = { metadata: { team: "red" }, key: "k-123" };
  exchange.identity.basicAuth = { username: "bob" };
  exchange.route = { route: "r1", routeRule: "rule", pathPattern: "/v1", matchedPrefix: "/v1" };
  exchange.metadata = { tenant: { id: 7 } };
  exchange.protocol = "llm";
  exchange.attempts.push({ backend: "b1", endpoint: "h:1", status: 200 });
  exchange.mcp = { methodName: "tools/call", tool: { name: "echo", target: "everything", arguments: { text: "hi" } } };
  exchange.llm = {
    provider: "openai",
    operation: "chat",
    requestModel: "gpt-x",
    clientModel: "alias",
    streaming: true,
    request: { model: "gpt-x", messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }], system: "be kind" },
    params: { temperature: 1, max_tokens: 5 },
    usage: { inputTokens: 10, outputTokens: 20 },
    firstTokenAt: 150,
  };
  exchange.upstreamStartedAt = 110;
  exchange.upstreamHeadersAt = 160.5;

  const cases: [source: string, expected: unknown][] = [
    ["request.method + ' ' + request.uri", "POST http://example.com:3000/v1/chat?a=1&a=2"],
    [
      "[request.host, request.scheme, request.path, request.pathAndQuery, request.version]",
      ["example.com", "http", "/v1/chat", "/v1/chat?a=1&a=2", "HTTP/1.1"],
    ],
    ["request.pathAndQuery.query('a')", ["1", "2"]],
    ["request.headers['x-team']", "red"],
    ["request.headers.accept", ["x", "y"]],
    ["json(request.body).model + json(request.bodyPrefix).model", "mm"],
    ["request.startTime", "2023-11-14T22:13:20Z"],
    ["has(request.endTime) || has(response) || has(response.code)", false],
    ["jwt.sub + string(size(jwt.aud))", "ann2"],
    ["jwt", { sub: "ann", aud: ["a", "b"] }],
    ["jwt.rawToken", "<redacted>"],
    ["jwt.rawToken.unredacted()", "head.claims.signature"],
    ["apiKey.team + string(apiKey.key) + apiKey.key.unredacted()", "red<redacted>k-123"],
    ["basicAuth.username", "bob"],
    ["source.address + ':' + string(source.port)", "10.1.2.3:5000"],
    ["cidr('10.0.0.0/8').containsIP(source.address)", true],
    ["source.identity", { trustDomain: "td", namespace: "prod", serviceAccount: "web" }],
    [
      "[source.spiffeId, source.subjectCn] + source.subjectAltNames",
      ["spiffe://td/ns/prod/sa/web", "client", "a.example", "spiffe://td/ns/prod/sa/web"],
    ],
    ["destination", { address: "127.0.0.1", port: 3000, hostname: "sni.example" }],
    ["backend", { name: "b1", type: "ai", protocol: "llm" }],
    ["mcp.tool.name == 'echo' && mcp.tool.target == 'everything' && mcp.tool.arguments.text == 'hi'", true],
    ["has(mcp.prompt) || has(mcp.tool.error)", false],
    ["[llm.requestModel, llm.provider]", ["gpt-x", "openai"]],
    ["llm.inputTokens + llm.outputTokens", 30],
    ["has(llm.reasoningTokens)", false],
    ["llm.timeToFirstToken", "0.05s"],
    [
      "llm.prompt",
      [
        { role: "system", content: "be kind" },
        { role: "user", content: "hello" },
      ],
    ],
    ["type(llm.params.temperature) == double && type(llm.params.max_tokens) == int", true],
    ["llmRequest.model", "gpt-x"],
    ["metadata.tenant.id", 7],
    ["[proxy.bind, proxy.gateway.name, proxy.listener.name, proxy.route.name, proxy.route.rule]", ["3000", "gw", "http", "r1", "rule"]],
    ["[proxy.requestProcessingDuration, proxy.upstreamDuration]", ["0.01s", "0.0505s"]],
    ["has(proxy.responseProcessingDuration)", false],
    ["variables().request.path", "/v1/chat"],
  ];
  for (const [source, expected] of cases) test(source, () => assert.deepEqual(evaluate(source, exchange), expected));

  test("everything at once is plain data without secrets", () => {
    const text = JSON.stringify(evaluate("variables()", exchange));
    assert.ok(!text.includes("k-123") && !text.includes("head.claims.signature"));
  });
});

describe("what is not there", () => {
  for (const source of [
    "jwt.sub",
    "apiKey.key",
    "mcp.tool",
    "llm.provider",
    "llmRequest.model",
    "backend.name",
    "metadata.x",
    "response.code",
    "extauthz.x",
  ]) {
    test(source, () => {
      const value = evaluate(source, exchangeWith());
      assert.ok(value instanceof CelError && value.kind === "missing");
    });
  }

  test("a body that nobody has collected, and one that is empty", () => {
    assert.ok(evaluate("request.body", exchangeWith(body(undefined, undefined))) instanceof CelError);
    assert.equal(evaluate("request.body", exchangeWith()), "");
    assert.equal(evaluate("default(json(request.body).x, 'd')", exchangeWith()), "d");
  });

  test("what was recorded of a body in passing is for logs only", () => {
    const exchange = exchangeWith(body(undefined, undefined));
    assert.equal(fieldExpression(compileExpression("request.body")).evaluate(exchange), "recorded");
    assert.ok(evaluate("request.body", exchange) instanceof CelError);
  });

  test("a body that is no text stays bytes", () => {
    assert.equal(evaluate("type(request.body) == bytes && size(request.body) == 2", exchangeWith(body(Buffer.from([0xff, 0]), 2))), true);
  });
});

describe("phases", () => {
  test("an expression sees what policies have changed, logs what came in", () => {
    const exchange = exchangeWith();
    const path = compileExpression("request.path + request.headers['x-team']");
    assert.equal(path.evaluate(environmentOf(exchange)), "/v1/chatred");
    exchange.request.path = "/rewritten";
    exchange.editHeaders().set("x-team", "blue");
    assert.equal(path.evaluate(environmentOf(exchange)), "/rewrittenblue");
    assert.equal(fieldExpression(path).evaluate(exchange), "/v1/chatred");
  });

  test("the reply on its way back, then the one that was sent", () => {
    const exchange = exchangeWith();
    const source = "[response.code, response.headers['x-a'], response.body]";
    const expression = compileExpression(source);
    const reply = new Reply(201, new HeaderList(["x-a", "1"]), "text");
    assert.deepEqual(toPlain(expression.evaluate(environmentOfReply(exchange, reply))), [201, "1", "text"]);
    exchange.status = 202;
    exchange.responseHeaders = new HeaderList(["x-a", "2", "grpc-status", "5"]);
    exchange.responseBody = Buffer.from("sent");
    exchange.finishedAt = 350;
    assert.deepEqual(fieldExpression(expression).evaluate(exchange), [202, "2", "sent"]);
    assert.equal(fieldExpression(compileExpression("response.grpcStatus")).evaluate(exchange), 5);
    assert.equal(fieldExpression(compileExpression("string(request.endTime - request.startTime)")).evaluate(exchange), "0.25s");
  });

  test("conditions that fail do not hold", () => {
    assert.equal(holds(compileExpression("request.method == 'POST'"), exchangeWith()), true);
    assert.equal(holds(compileExpression("jwt.sub == 'x'"), exchangeWith()), false);
    assert.equal(holds(compileExpression("request.method"), exchangeWith()), false);
  });

  test("env is what the process was said to be", () => {
    describeProcess({ podName: "p", namespace: "n" });
    assert.equal(evaluate("env.podName + env.namespace", exchangeWith()), "pn");
    describeProcess({});
    assert.ok(evaluate("env.podName", exchangeWith()) instanceof CelError);
  });
});

describe("fields of logs and metrics", () => {
  const cases: [source: string, requestBody: boolean, responseBody: boolean][] = [
    ["request.path", false, false],
    ["json(request.body).x", true, false],
    ["response.bodyPrefix", false, true],
    ["variables()", true, true],
  ];
  for (const [source, requestBody, responseBody] of cases) {
    test(`bodies that ${source} needs`, () => {
      const field = fieldExpression(compileExpression(source));
      assert.deepEqual([field.source, field.readsRequestBody, field.readsResponseBody], [source, requestBody, responseBody]);
    });
  }

  test("values are plain, failures absent", () => {
    const exchange = exchangeWith();
    assert.equal(fieldExpression(compileExpression("jwt.sub")).evaluate(exchange), undefined);
    assert.ok(fieldExpression(compileExpression("flatten(request.headers)")).evaluate(exchange) instanceof Flattened);
  });
});
