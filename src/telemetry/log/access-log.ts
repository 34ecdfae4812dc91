import type { FieldExpression, NamedExpression } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Sink } from "../../contract/runtime.ts";
import { compileAddedFields } from "../added-fields.ts";
import { durationOf } from "../reading.ts";
import { standardFields } from "../standard-fields.ts";
import type { LineFormat } from "./format.ts";
import type { LogLevels } from "./levels.ts";
import type { LineWriter } from "./line-writer.ts";
import { timestamp } from "./timestamp.ts";

/** `frontendPolicies.accessLog`, or the older `config.logging`. */
export interface AccessLogSettings {
  /** Only exchanges for which it is true are logged; one that fails is false. */
  readonly filter?: FieldExpression | undefined;
  readonly add: readonly NamedExpression[];
  /** Names of fields to leave out. */
  readonly remove: readonly string[];
}

export interface AccessLogTools {
  readonly levels: LogLevels;
  readonly format: LineFormat;
  readonly writer: LineWriter;
  readonly sensitiveHeaders: ReadonlySet<string>;
}

/** One line per finished exchange: the reference project's fields in its order, then the added ones. */
export function createAccessLog(settings: AccessLogSettings, tools: AccessLogTools): Sink {
  const { levels, format, writer } = tools;
  const { filter, add, remove } = settings;
  const replaced = new Set([...remove, ...add.map(({ name }) => name)]);
  const groups = standardFields(replaced).map(({ applies, fields }) => ({
    applies,
    fields: fields.map(({ name, read }) => ({ prefix: format.prefix(name), read })),
  }));
  const added = add.length === 0 ? undefined : compileAddedFields(add, tools.sensitiveHeaders);

  function record(exchange: Exchange): void {
    if (!levels.showsRequests) return;
    if (filter !== undefined && filter.evaluate(exchange) !== true) return;

    let line = format.start(timestamp(exchange.startedAt + durationOf(exchange)), "info", "request");
    for (const { applies, fields } of groups) {
      if (!applies(exchange)) continue;
      for (const { prefix, read } of fields) {
        const value = read(exchange);
        if (value !== undefined) line += prefix + format.value(value);
      }
    }
    added?.(exchange, (name, value) => {
      line += format.prefix(name) + format.value(value);
    });
    writer.write(line + format.end);
  }

  return { name: "access-log", record };
}
