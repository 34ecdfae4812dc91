import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeaderList } from "../../base/headers.ts";
import { GatewayError } from "../../contract/errors.ts";
import { Flattened } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { expression, field, finishedExchange, llmExchange, mcpExchange, newExchange } from "../../../test/telemetry/exchange.ts";
import { memoryWriter, readTextLine } from "../../../test/telemetry/lines.ts";
import { sensitiveHeaderNames } from "../added-fields.ts";
import { type AccessLogSettings, createAccessLog } from "./access-log.ts";
import { lineFormat } from "./format.ts";
import { LogLevels } from "./levels.ts";

async function logged(
  exchanges: readonly Exchange[],
  format: "text" | "json",
  settings: Partial<AccessLogSettings> = {},
): Promise<string[]> {
  const { writer, lines } = memoryWriter();
  const tools = {
    levels: new LogLevels("info"),
    format: lineFormat(format),
    writer,
    sensitiveHeaders: sensitiveHeaderNames(["x-tenant-secret"]),
  };
  const sink = createAccessLog({ add: [], remove: [], ...settings }, tools);
  for (const exchange of exchanges) sink.record(exchange);
  return lines();
}

async function fieldsOf(exchange: Exchange, settings: Partial<AccessLogSettings> = {}): Promise<Record<string, unknown>> {
  const [line] = await logged([exchange], "json", settings);
  return JSON.parse(line ?? "{}") as Record<string, unknown>;
}

test("a model call as a text line", async () => {
  assert.deepEqual(await logged([llmExchange()], "text"), [
    "2026-03-01T12:00:00.135500Z\tinfo\trequest gateway=default/default listener=listener0 route=default/route0 " +
      "endpoint=127.0.0.1:8080 src.addr=127.0.0.1:54140 http.method=POST http.host=localhost:3000 http.path=/v1/chat/completions " +
      "http.version=HTTP/1.1 http.status=200 protocol=llm gen_ai.operation.name=chat gen_ai.provider.name=openai " +
      "gen_ai.request.model=gpt-5.5 gen_ai.response.model=gpt-5.5-2026-04-23 gen_ai.usage.input_tokens=250 " +
      "gen_ai.usage.cache_read.input_tokens=200 gen_ai.usage.output_tokens=100 agw.ai.time_to_first_token=0.005 " +
      "agw.ai.time_per_output_token=0.000075 gen_ai.request.temperature=0.5 gen_ai.request.max_tokens=400 duration=12ms",
  ]);
});

test("a tool call as JSON", async () => {
  const [line] = await logged([mcpExchange()], "json");
  assert.equal(
    line,
    '{"level":"info","time":"2026-03-01T12:00:00.135500Z","scope":"request","gateway":"default/default","listener":"listener0",' +
      '"route":"default/route0","endpoint":"127.0.0.1:8080","src.addr":"127.0.0.1:54140","http.method":"POST","http.host":"localhost:3000",' +
      '"http.path":"/mcp","http.version":"HTTP/1.1","http.status":200,"protocol":"mcp","mcp.method.name":"tools/call","mcp.target":"everything",' +
      '"mcp.resource.type":"tool","gen_ai.tool.name":"echo","mcp.session.id":"s-1","duration":"12ms"}',
  );
});

test("an error says what, why, and how long it took", async () => {
  const exchange = newExchange({ remoteAddress: "::1" });
  exchange.error = new GatewayError("route_not_found", { detail: 'for "x"' });
  exchange.status = 404;
  exchange.finishedAt = 1_000.4;
  const [line] = await logged([exchange], "text");
  assert.match(
    line ?? "",
    / src\.addr=\[::1\]:54140 .* http\.status=404 error="route not found: for \\"x\\"" reason=NotFound duration=0ms$/,
  );
});

test("a broken stream, a retry, identities and trace ids are told", async () => {
  const exchange = finishedExchange();
  exchange.streamError = new Error("upstream https://u:pw@h/ broke off");
  exchange.attempts.unshift({ backend: "a", endpoint: "h:1", status: 503 });
  exchange.identity.jwt = { claims: { sub: "alice" }, token: "eyJhbGciOi" };
  exchange.trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: undefined, sampled: true, traceState: undefined };
  exchange.responseHeaders = new HeaderList(["grpc-status", "14"]);
  const fields = await fieldsOf(exchange);
  assert.equal(fields["error"], "upstream https://[redacted]@h/ broke off");
  assert.equal(fields["retry.attempt"], 1);
  assert.equal(fields["jwt.sub"], "alice");
  assert.equal(fields["trace.id"], "a".repeat(32));
  assert.equal(fields["span.id"], "b".repeat(16));
  assert.equal(fields["grpc.status"], 14);
});

test("secret query parameters do not reach the log", async () => {
  const fields = await fieldsOf(finishedExchange({ search: "?beta=true&access_token=abc&key=k1" }));
  assert.equal(fields["http.path"], "/get?beta=true&access_token=[redacted]&key=[redacted]");
});

test("added fields replace standard ones, removed ones are gone, failing ones are left out", async () => {
  const add = [
    field("user_email", () => "overridden"),
    field("user_email", () => "a@example.com"),
    field("http.host", () => undefined),
    field("claims", () => ({ a: [1, true, null] })),
    field("nothing", () => null),
  ];
  const [line] = await logged([finishedExchange()], "text", { add, remove: ["duration", "src.addr"] });
  assert.match(line ?? "", / protocol=http user_email=a@example\.com claims="\{\\"a\\":\[1,true,null\]\}"$/);
  const fields = await fieldsOf(finishedExchange(), { add, remove: ["duration", "src.addr"] });
  assert.deepEqual(fields["claims"], { a: [1, true, null] });
  for (const name of ["duration", "src.addr", "http.host", "nothing"]) assert.equal(name in fields, false, name);
});

test("flatten() becomes one field per member", async () => {
  const add = [
    field(
      "jwt",
      () =>
        new Flattened([
          ["sub", "alice"],
          ["realm.role", 3],
          ["none", null],
        ]),
    ),
  ];
  const fields = await fieldsOf(finishedExchange(), { add });
  assert.equal(fields["jwt.sub"], "alice");
  assert.equal(fields["jwt.realm.role"], 3);
  assert.equal("jwt" in fields || "jwt.none" in fields, false);
});

test("values of sensitive headers do not reach the log, by whatever way they are asked for", async () => {
  const headers = { authorization: "Bearer t0ken", accept: "*/*", "X-Tenant-Secret": "s" };
  const add = [
    field("whole", () => headers),
    field(
      "flat",
      () =>
        new Flattened([
          ["authorization", "Bearer t0ken"],
          ["headers.cookie", "a=b"],
          ["accept", "*/*"],
        ]),
    ),
    field("direct", () => "Bearer t0ken", 'request.headers["authorization"]'),
    field("absent", () => undefined, 'request.headers["cookie"]'),
    field("configured", () => "s", "request.headers['x-tenant-secret']"),
    field("computed", () => "deadbeef", 'sha256(request.headers["authorization"])'),
  ];
  const fields = await fieldsOf(finishedExchange(), { add });
  assert.deepEqual(fields["whole"], { authorization: "[redacted]", accept: "*/*", "X-Tenant-Secret": "[redacted]" });
  assert.equal(fields["flat.authorization"], "[redacted]");
  assert.equal(fields["flat.headers.cookie"], "[redacted]");
  assert.equal(fields["flat.accept"], "*/*");
  assert.equal(fields["direct"], "[redacted]");
  assert.equal("absent" in fields, false);
  assert.equal(fields["configured"], "[redacted]");
  assert.equal(fields["computed"], "deadbeef");
});

test("a value too deep to be written costs its field, not the line", async () => {
  let deep: unknown = "x";
  for (let i = 0; i < 100_000; i++) deep = [deep];
  for (const format of ["text", "json"] as const) {
    const [line] = await logged([finishedExchange()], format, { add: [field("deep", () => deep), field("after", () => 1)] });
    assert.match(line ?? "", /http\.status.*after/);
    assert.doesNotMatch(line ?? "", /deep/);
  }
});

test("the filter keeps what is true, and nothing else", async () => {
  const count = async (value: unknown) => (await logged([finishedExchange()], "text", { filter: expression(() => value) })).length;
  assert.deepEqual([await count(true), await count(false), await count(undefined), await count("true")], [1, 0, 0, 0]);
});

test("the access log follows the level of `request`", async () => {
  const { writer, lines } = memoryWriter();
  const levels = new LogLevels("warn");
  const sink = createAccessLog({ add: [], remove: [] }, { levels, format: lineFormat("text"), writer, sensitiveHeaders: new Set() });
  sink.record(finishedExchange());
  levels.set("warn,request=info");
  sink.record(finishedExchange());
  levels.set("info,request=off");
  sink.record(finishedExchange());
  assert.equal((await lines()).length, 1);
});

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\n",
      "\r",
      "\t",
      '"',
      "\\",
      " ",
      "=",
      "'",
      "\u0000",
      "\u001b",
      "\u0085",
      "\u2028",
      "\u2029",
      "\u202e",
      "é",
      "{",
      "}",
      ",",
      ":",
    ),
    fc.constantFrom('" http.status=200', "\n2026-03-01T12:00:00.000000Z\tinfo\trequest http.status=200", '","admin":"'),
    fc.nat(0xffff).map((code) => String.fromCharCode(code)),
  ),
  maxLength: 12,
});

function hostileExchange([one, two, three]: readonly string[]): Exchange {
  const exchange = mcpExchange(one);
  Object.assign(exchange.incoming, { path: `/${two}`, search: `?${three}`, authority: one, method: three });
  exchange.error = new GatewayError("upstream_failed", { detail: two ?? "" });
  exchange.identity.jwt = { claims: { sub: three }, token: "t" };
  return exchange;
}

test("no value can forge a text line or a field of one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 3, maxLength: 3 }), async (texts) => {
      const add = [
        field("extra", () => texts[0]),
        field("deep", () => ({ [texts[1] as string]: texts[2] })),
        field("f", () => new Flattened([[texts[2] as string, texts[0]]])),
      ];
      const lines = await logged([hostileExchange(texts), finishedExchange()], "text", { add });
      assert.equal(lines.length, 2);
      const line = lines[0] as string;
      assert.doesNotMatch(line.replace(/^[^\t]+\t[a-z]+\t/, ""), /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u);
      const { fields, level, scope } = readTextLine(line);
      assert.deepEqual([level, scope], ["info", "request"]);
      assert.equal(fields.filter(([name]) => name === "http.status").length, 1);
      assert.equal(fields.find(([name]) => name === "extra")?.[1], JSON.parse(JSON.stringify(texts[0])));
    }),
    { numRuns: 400 },
  );
});

test("no value can forge a JSON line or a member of one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 3, maxLength: 3 }), async (texts) => {
      const lines = await logged([hostileExchange(texts)], "json", { add: [field("extra", () => texts[1])] });
      assert.equal(lines.length, 1);
      const parsed = JSON.parse(lines[0] as string) as Record<string, unknown>;
      assert.equal(parsed["extra"], texts[1]);
      assert.equal(parsed["gen_ai.tool.name"], texts[0]);
      assert.equal("admin" in parsed, false);
    }),
    { numRuns: 400 },
  );
});
