import type { NamedExpression } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { durationOf } from "../reading.ts";
import { keySeparator, labelValue, unknown } from "./label-table.ts";
import type { MetricRegistry } from "./registry.ts";

/** The labels that say where in the configuration an exchange went. */
export const routeLabels = ["bind", "gateway", "listener", "route", "route_rule"] as const;

/**
 * A finished exchange as the metric families read it: what several of them need is computed once. `routeKey` and
 * `customKey` are parts of look-up keys; the values behind them are asked for only when a combination is new.
 */
export class FinishedExchange {
  readonly exchange: Exchange;
  readonly durationSeconds: number;
  readonly routeKey: string;
  readonly custom: readonly string[];
  readonly customKey: string;

  constructor(exchange: Exchange, custom: readonly string[]) {
    this.exchange = exchange;
    this.durationSeconds = durationOf(exchange) / 1000;
    const { listener, route } = exchange;
    this.routeKey =
      listener.bind +
      keySeparator +
      listener.gateway +
      keySeparator +
      listener.listener +
      keySeparator +
      (route?.route ?? unknown) +
      keySeparator +
      (route?.routeRule ?? unknown);
    this.custom = custom;
    this.customKey = custom.length === 0 ? "" : keySeparator + custom.join(keySeparator);
  }

  /** Values of `routeLabels`. */
  routeValues(): string[] {
    return this.routeKey.split(keySeparator);
  }
}

/** Metrics that are made from finished exchanges. Registered by one line in metrics/index.ts. */
export interface MetricFamily {
  /** Makes the metrics, and returns what records an exchange. `customLabels` are the configuration's added labels. */
  readonly register: (registry: MetricRegistry, customLabels: readonly string[]) => (finished: FinishedExchange) => void;
}

/** Values of the added labels: text stays, everything else (numbers and booleans too) is `unknown`, as in the reference. */
export function customValues(exchange: Exchange, fields: readonly NamedExpression[]): readonly string[] {
  const values: string[] = [];
  for (const { expression } of fields) {
    const value = expression.evaluate(exchange);
    values.push(typeof value === "string" ? labelValue(value) : unknown);
  }
  return values;
}
