import { HeaderList } from "../../src/base/headers.ts";
import type { RequestBody } from "../../src/contract/body.ts";
import { Exchange, type ListenerNames } from "../../src/contract/exchange.ts";
import type { FieldExpression, NamedExpression } from "../../src/contract/expression.ts";
import type { LlmCall } from "../../src/contract/llm.ts";

export const listenerNames: ListenerNames = { bind: "bind/3000", gateway: "default/default", listener: "listener0" };

/** 2026-03-01T12:00:00.123Z */
export const startedAt = 1_772_366_400_123;

export interface ExchangeFacts {
  readonly method?: string;
  readonly path?: string;
  readonly search?: string;
  readonly headers?: readonly string[];
  readonly listener?: ListenerNames;
  readonly remoteAddress?: string;
}

const noBody: RequestBody = {
  recorded: undefined,
  record: () => {},
  length: 0,
  collected: undefined,
  collect: () => Promise.reject(new Error("no body")),
  stream: () => {
    throw new Error("no body");
  },
  replace: () => {},
};

/** An exchange as it looks when it has just arrived. */
export function newExchange(facts: ExchangeFacts = {}): Exchange {
  return new Exchange({
    connection: { remoteAddress: facts.remoteAddress ?? "127.0.0.1", remotePort: 54_140, localAddress: "127.0.0.1", localPort: 3000 },
    listener: facts.listener ?? listenerNames,
    request: {
      method: facts.method ?? "GET",
      scheme: "http",
      authority: "localhost:3000",
      path: facts.path ?? "/get",
      search: facts.search ?? "",
      headers: new HeaderList([...(facts.headers ?? [])]),
    },
    body: noBody,
    httpVersion: "1.1",
    limits: { maxBufferSize: 1_000_000 },
    startedAt,
    startedMonotonic: 1_000,
  });
}

/** An exchange that a backend answered with 200 after 12.5 ms. */
export function finishedExchange(facts: ExchangeFacts = {}): Exchange {
  const exchange = newExchange(facts);
  exchange.route = { route: "default/route0", routeRule: undefined, pathPattern: "/get", matchedPrefix: undefined };
  exchange.attempts.push({ backend: "static", endpoint: "127.0.0.1:8080", status: 200 });
  exchange.status = 200;
  exchange.responseBytes = 512;
  exchange.upstreamStartedAt = 1_000.25;
  exchange.upstreamHeadersAt = 1_010;
  exchange.repliedAt = 1_010.5;
  exchange.finishedAt = 1_012.5;
  return exchange;
}

/** A streamed model call: 250 tokens in, 100 out, first token after 5 ms. */
export function llmExchange(call: Partial<LlmCall> = {}): Exchange {
  const exchange = finishedExchange({ method: "POST", path: "/v1/chat/completions" });
  exchange.protocol = "llm";
  exchange.llm = {
    provider: "openai",
    operation: "chat",
    requestModel: "gpt-5.5",
    clientModel: "fast",
    responseModel: "gpt-5.5-2026-04-23",
    streaming: true,
    request: {},
    params: { temperature: 0.5, max_tokens: 400 },
    usage: { inputTokens: 250, outputTokens: 100, cachedInputTokens: 200 },
    firstTokenAt: 1_005,
    ...call,
  };
  return exchange;
}

/** A tool call through an MCP backend. */
export function mcpExchange(tool = "echo"): Exchange {
  const exchange = finishedExchange({ method: "POST", path: "/mcp" });
  exchange.protocol = "mcp";
  exchange.mcp = { methodName: "tools/call", sessionId: "s-1", target: "everything", tool: { name: tool, target: "everything" } };
  return exchange;
}

/** Stands in for a compiled CEL expression. */
export function expression(evaluate: (exchange: Exchange) => unknown, source = "test"): FieldExpression {
  return { source, readsRequestBody: false, readsResponseBody: false, evaluate };
}

export function field(name: string, evaluate: (exchange: Exchange) => unknown, source = "test"): NamedExpression {
  return { name, expression: expression(evaluate, source) };
}
