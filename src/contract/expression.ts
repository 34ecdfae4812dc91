import type { Exchange } from "./exchange.ts";

/** A CEL expression compiled at load, as telemetry uses it: a value read from a finished exchange. */
export interface FieldExpression {
  /** The text in the configuration, for messages. */
  readonly source: string;
  /** Whether the request's or the response's bytes must be kept for it. */
  readonly readsRequestBody: boolean;
  readonly readsResponseBody: boolean;
  /**
   * Never throws.
   * @returns plain JSON data, or `Flattened`; undefined when the expression failed or its value is absent.
   */
  evaluate(exchange: Exchange): unknown;
}

/** A field that the configuration adds to a log line, a span or a metric. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: FieldExpression;
}

/**
 * What the CEL functions `flatten()` and `flattenRecursive()` give: a sink writes every member as a field of its own,
 * named `<field>.<member>`, instead of one field that holds an object.
 */
export class Flattened {
  readonly members: readonly (readonly [name: string, value: unknown])[];

  constructor(members: readonly (readonly [name: string, value: unknown])[]) {
    this.members = members;
  }
}
