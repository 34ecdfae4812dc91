import type { Connection, Exchange } from "../contract/exchange.ts";
import type { FieldExpression } from "../contract/expression.ts";
import type { McpCall } from "../contract/mcp.ts";
import type { Reply } from "../contract/reply.ts";
import type { CompiledExpression } from "./compile.ts";
import { toPlain } from "./plain.ts";
import type { ReadSet } from "./read-set.ts";
import { CelError } from "./value.ts";
import type { CelObject } from "./value.ts";
import { destinationFields, sourceFields } from "./views/connection.ts";
import { FieldView } from "./views/field-view.ts";
import { apiKeyView, jwtView } from "./views/identity.ts";
import { llmFields } from "./views/llm.ts";
import { mcpFields } from "./views/mcp.ts";
import { backendFields, proxyFields } from "./views/proxy.ts";
import { requestFields } from "./views/request.ts";
import { responseFields } from "./views/response.ts";

/** Where the gateway runs, as CEL's `env`. */
export interface ProcessAttributes {
  readonly podName?: string;
  readonly namespace?: string;
  readonly gateway?: string;
}

let processAttributes: ProcessAttributes = {};

/** Tells expressions where the gateway runs. Called once, before serving, by whoever may read the environment. */
export function describeProcess(attributes: ProcessAttributes): void {
  processAttributes = attributes;
}

/**
 * An exchange as the root variables of expressions. Nothing is copied: every variable reads the exchange when asked, so
 * that an expression sees what the stages before it have done.
 */
export class Environment {
  readonly exchange: Exchange;
  /** The reply that response policies look at, while there is one. */
  reply: Reply | undefined = undefined;
  /** The MCP item that a rule decides about, in place of what the exchange is about. */
  item: Readonly<McpCall> | undefined = undefined;
  /** Over, so that the request is shown as it came, not as policies have changed it. */
  readonly #finished: boolean;

  constructor(exchange: Exchange, finished = false) {
    this.exchange = exchange;
    this.#finished = finished;
  }

  get request(): CelObject {
    const exchange = this.exchange;
    const finished = this.#finished;
    return new FieldView({ exchange, finished, head: finished ? exchange.incoming : exchange.request }, requestFields);
  }

  get response(): CelObject | undefined {
    const { exchange, reply } = this;
    return reply === undefined && exchange.status === 0 ? undefined : new FieldView({ exchange, reply }, responseFields);
  }

  get jwt(): CelObject | undefined {
    const { jwt } = this.exchange.identity;
    return jwt === undefined ? undefined : jwtView(jwt);
  }

  get apiKey(): CelObject | undefined {
    const { apiKey } = this.exchange.identity;
    return apiKey === undefined ? undefined : apiKeyView(apiKey);
  }

  get basicAuth(): object | undefined {
    return this.exchange.identity.basicAuth;
  }

  get source(): CelObject {
    return new FieldView(this.exchange.connection, sourceFields);
  }

  get destination(): CelObject {
    return new FieldView(this.exchange.connection, destinationFields);
  }

  get backend(): CelObject | undefined {
    return this.exchange.attempts.length === 0 ? undefined : new FieldView(this.exchange, backendFields);
  }

  get mcp(): CelObject | undefined {
    const call = this.item ?? this.exchange.mcp;
    const recorded = this.#finished ? this.exchange.responseBody : undefined;
    return call === undefined ? undefined : new FieldView({ call, recorded }, mcpFields);
  }

  get llm(): CelObject | undefined {
    const { exchange } = this;
    return exchange.llm === undefined ? undefined : new FieldView({ exchange, call: exchange.llm }, llmFields);
  }

  get llmRequest(): object | undefined {
    return this.#finished ? undefined : this.exchange.llm?.request;
  }

  get metadata(): object | undefined {
    return this.exchange.metadata;
  }

  get mcpGuardrails(): object | undefined {
    return this.exchange.mcpGuardrails;
  }

  get proxy(): CelObject {
    return new FieldView(this.exchange, proxyFields);
  }

  get env(): object {
    return processAttributes;
  }
}

/** The variables of an exchange that is being served; the same object each time. */
export function environmentOf(exchange: Exchange): Environment {
  if (exchange.view instanceof Environment) return exchange.view;
  const environment = new Environment(exchange);
  exchange.view = environment;
  return environment;
}

/** The variables of an exchange whose reply is on its way back. */
export function environmentOfReply(exchange: Exchange, reply: Reply): Environment {
  const environment = environmentOf(exchange);
  environment.reply = reply;
  return environment;
}

/** Whether a condition holds for an exchange. One that fails, or is no bool, does not. */
export function holds(condition: CompiledExpression, exchange: Exchange): boolean {
  return condition.evaluateBoolean(environmentOf(exchange)) === true;
}

/** What is found in a reply's body; a tool's result and the whole of its error are. */
const inResponseBody = ["response.body", "response.bodyPrefix", "mcp.tool.result", "mcp.tool.error"];

/** An expression as telemetry uses it: of finished exchanges, as plain data. */
export function fieldExpression(expression: CompiledExpression): FieldExpression {
  const { source, reads } = expression;
  return {
    source,
    readsRequestBody: reads.reads("request.body") || reads.reads("request.bodyPrefix"),
    readsResponseBody: inResponseBody.some((path) => reads.reads(path)),
    evaluate(exchange) {
      const value = expression.evaluate(new Environment(exchange, true));
      return value instanceof CelError ? undefined : toPlain(value);
    },
  };
}

/**
 * Gets an exchange ready for expressions that read its body: waits until the body is collected. Where it is larger than
 * the buffer limit the expressions find no body, and the request goes on.
 */
export async function prepare(exchange: Exchange, reads: ReadSet): Promise<void> {
  const needed = reads.reads("request.body") || reads.reads("request.bodyPrefix");
  if (!needed || exchange.body.collected !== undefined) return;
  const { maxBufferSize } = exchange.limits;
  if (exchange.body.length !== undefined && exchange.body.length > maxBufferSize) return;
  await exchange.body.collect(maxBufferSize);
}

/** What rules about connections see before there is a request. */
export function connectionView(connection: Connection): { readonly source: CelObject; readonly destination: CelObject } {
  return { source: new FieldView(connection, sourceFields), destination: new FieldView(connection, destinationFields) };
}

/** The variables for a decision about one MCP item. */
export function itemEnvironment(exchange: Exchange, item: Readonly<McpCall>): Environment {
  const environment = new Environment(exchange);
  environment.item = item;
  return environment;
}
