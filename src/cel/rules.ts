import type { CompiledExpression } from "./compile.ts";
import type { Activation } from "./program.ts";
import { ReadSet } from "./read-set.ts";

export type RuleKind = "allow" | "deny" | "require";

/** One rule as the configuration has it. */
export type Rule =
  | { readonly kind: "allow"; readonly allow: CompiledExpression }
  | { readonly kind: "deny"; readonly deny: CompiledExpression }
  | { readonly kind: "require"; readonly require: CompiledExpression };

/** The rules of one place. */
export interface RuleSet {
  readonly rules: readonly Rule[];
}

/** What became of one rule. */
export interface RuleOutcome {
  readonly kind: RuleKind;
  /** The rule's text. */
  readonly source: string;
  /** Whether it held. A rule that fails does not hold. */
  readonly holds: boolean;
  /** Why it failed, with its place in the rule; undefined when it did not. */
  readonly error: string | undefined;
}

/** Told about every rule that fails to evaluate; text from requests is in neither argument. */
export type RuleFailed = (rule: { readonly kind: RuleKind; readonly source: string }, error: string) => void;

/** Rules that accumulate, for one decision. */
export interface CompiledRules {
  /** What the rules can read: decides whether a body must be buffered before. */
  readonly reads: ReadSet;
  /** No rules at all: everything is allowed. */
  readonly empty: boolean;
  readonly allows: (activation: Activation) => boolean;
  /** Every rule's outcome, for `turnpike explain` and debug logs; evaluates them all. */
  readonly explain: (activation: Activation) => RuleOutcome[];
}

/**
 * Pools the rules of several places into one decision, as authorization, mcpAuthorization and model access mean them:
 *
 *   a deny that holds           -> no
 *   a require that does not     -> no
 *   an allow that holds         -> yes
 *   there are allows, none held -> no
 *   otherwise                   -> yes
 *
 * Allows are alternatives to one another wherever they were written, so one place can open what another would leave shut.
 * A rule that fails (an error, or a value that is no bool) does not hold: a failing deny therefore denies nothing, while
 * failing allows and requires shut people out. `onFailure` is there to make failing rules seen.
 */
export function compileRules(ruleSets: readonly RuleSet[], onFailure: RuleFailed = () => {}): CompiledRules {
  const rules = ruleSets.flatMap((set) => set.rules);
  const deny = expressionsOf(rules, "deny");
  const require = expressionsOf(rules, "require");
  const allow = expressionsOf(rules, "allow");

  const holds = (kind: RuleKind, expression: CompiledExpression, activation: Activation): boolean => {
    const value = expression.evaluateBoolean(activation);
    if (typeof value === "boolean") return value;
    onFailure({ kind, source: expression.source }, expression.describe(value));
    return false;
  };

  return {
    reads: ReadSet.union(rules.map((rule) => expressionOf(rule).reads)),
    empty: rules.length === 0,
    allows: (activation) => {
      for (const expression of deny) if (holds("deny", expression, activation)) return false;
      for (const expression of require) if (!holds("require", expression, activation)) return false;
      for (const expression of allow) if (holds("allow", expression, activation)) return true;
      return allow.length === 0;
    },
    explain: (activation) => rules.map((rule) => outcomeOf(rule, activation)),
  };
}

function outcomeOf(rule: Rule, activation: Activation): RuleOutcome {
  const expression = expressionOf(rule);
  const value = expression.evaluateBoolean(activation);
  const failed = typeof value !== "boolean";
  return {
    kind: rule.kind,
    source: expression.source,
    holds: value === true,
    error: failed ? expression.describe(value) : undefined,
  };
}

function expressionsOf(rules: readonly Rule[], kind: RuleKind): CompiledExpression[] {
  return rules.filter((rule) => rule.kind === kind).map(expressionOf);
}

function expressionOf(rule: Rule): CompiledExpression {
  switch (rule.kind) {
    case "allow":
      return rule.allow;
    case "deny":
      return rule.deny;
    case "require":
      return rule.require;
  }
}
