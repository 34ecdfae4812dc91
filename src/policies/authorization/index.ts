import { environmentOf } from "../../cel/environment.ts";
import { compileRules } from "../../cel/rules.ts";
import { GatewayError } from "../../contract/errors.ts";
import { definePolicy } from "../../contract/policy.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { afterBody } from "../expressions.ts";
import { type AuthorizationConfig, authorizationConfig } from "./config.ts";

/**
 * Lets requests through by CEL rules. The rules of all places of one phase add up to one decision; the phases (gateway,
 * route, backend) are separate checks, and each must pass.
 */
export const authorization = definePolicy<AuthorizationConfig>({
  name: "authorization",
  config: authorizationConfig,
  merge: (less, more) => ({ rules: [...less.rules, ...more.rules] }),
  compile(config, context) {
    const rules = compileRules([config], reportTo(context));
    if (rules.empty) return (_exchange, next) => next();
    return afterBody(rules.reads, (exchange, next) => {
      if (!rules.allows(environmentOf(exchange))) throw new GatewayError("forbidden");
      return next();
    });
  },
  compileBackend(config, context) {
    const rules = compileRules([config], reportTo(context));
    return (outgoing, next) => {
      if (!rules.allows(environmentOf(outgoing.exchange))) throw new GatewayError("forbidden");
      return next(outgoing);
    };
  },
});

/** Every failure is counted; the log gets each rule once, or a flood of requests would be a flood of lines. */
function reportTo({ metrics, log, path }: CompileContext): Parameters<typeof compileRules>[1] {
  const reported = new Set<string>();
  return ({ kind, source }) => {
    metrics.ruleFailed("authorization");
    if (reported.has(source)) return;
    reported.add(source);
    log.warn("an authorization rule fails to evaluate and does not hold", { path, kind, rule: source });
  };
}
