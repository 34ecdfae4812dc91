import type { CompiledExpression } from "../../cel/compile.ts";
import { ReadSet } from "../../cel/read-set.ts";
import { HeaderList } from "../../base/headers.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { definePolicy } from "../../contract/policy.ts";
import { Reply } from "../../contract/reply.ts";
import { compileChoice } from "../conditional.ts";
import { afterBody, asBody, asText, evaluate } from "../expressions.ts";
import { fieldValue } from "../field-value.ts";
import { isFraming } from "../header-edits.ts";
import { type DirectResponseConfig, directResponseConfig } from "./config.ts";

/**
 * Answers from the configuration; no backend is asked. Of conditional branches the first that holds answers, and where none
 * does the request goes on.
 */
export const directResponse = definePolicy<DirectResponseConfig>({
  name: "directResponse",
  config: directResponseConfig,
  compile(config, { warn }) {
    const answers = config.map((branch) => ({ condition: branch.condition, value: compileAnswer(branch, warn) }));
    const choice = compileChoice(answers);
    const reads = ReadSet.union([choice.reads, ...answers.map(({ value }) => value.reads)]);
    return afterBody(reads, (exchange, next) => {
      const answer = choice.pick(exchange);
      if (answer === undefined) return next();
      exchange.reason = "DirectResponse";
      return answer.make(exchange);
    });
  },
});

interface Answer {
  readonly reads: ReadSet;
  readonly make: (exchange: Exchange) => Reply;
}

type Branch = DirectResponseConfig[number];

function compileAnswer(branch: Branch, warn: (message: string) => void): Answer {
  const { status, body, bodyExpression } = branch;
  if (body !== undefined && bodyExpression !== undefined) warn("`body` has no effect beside `bodyExpression`");
  const fields: (readonly [name: string, value: CompiledExpression])[] = [];
  for (const [name, expression] of Object.entries(branch.headers ?? {})) {
    if (isFraming(name)) warn(`headers.${name} is ignored: the gateway sets it itself`);
    else fields.push([name, expression]);
  }
  const expressions = fields.map(([, expression]) => expression);
  if (bodyExpression !== undefined) expressions.push(bodyExpression);
  return {
    reads: ReadSet.union(expressions.map((expression) => expression.reads)),
    make: (exchange) => {
      const headers = new HeaderList();
      for (const [name, expression] of fields) {
        const text = asText(evaluate(expression, exchange));
        const value = text === undefined ? undefined : fieldValue(text);
        if (value !== undefined) headers.add(name, value);
      }
      const bytes = bodyExpression === undefined ? (body ?? null) : asBody(evaluate(bodyExpression, exchange));
      return new Reply(status, headers, bytes);
    },
  };
}
