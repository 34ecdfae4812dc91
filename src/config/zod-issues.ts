import type { z } from "zod";
import { isPlainObject } from "../contract/config/combinators.ts";
import type { IssueParams } from "../contract/config/combinators.ts";
import { formatPath } from "./issues.ts";
import type { IssueKind, Path } from "./issues.ts";
import { nearest } from "./suggest.ts";

/** zod's findings in the words of this configuration. */

export interface Finding {
  readonly kind: IssueKind;
  readonly path: Path;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

type Issue = z.core.$ZodIssue;

/** Checks `tree` against `schema`; the value, or everything that is wrong. */
export function check<T>(schema: z.ZodType<T>, tree: unknown): { readonly value: T } | { readonly findings: readonly Finding[] } {
  const keys = new KnownKeys();
  const result = schema.safeParse(tree, { error: (issue) => keys.remember(issue) });
  if (result.success) return { value: result.data };
  const issues = flatten(result.error.issues, [], tree);
  return { findings: issues.filter((issue) => !isConsequence(issue, issues)).flatMap((issue) => findingsOf(issue, tree, keys)) };
}

/** Where nothing is chosen and a key is unknown, the key is the news: it is a misspelt choice. */
function isConsequence(issue: Issue, issues: readonly Issue[]): boolean {
  if (kindOf(issue) !== "none-chosen") return false;
  const path = formatPath(pathOf(issue));
  return issues.some((other) => other.code === "unrecognized_keys" && formatPath(pathOf(other)) === path);
}

function kindOf(issue: Issue): IssueParams["kind"] | undefined {
  return issue.code === "custom" ? (issue.params as Partial<IssueParams> | undefined)?.kind : undefined;
}

/** Which keys the object has that complained of an unknown one: zod does not say so in the issue itself. */
class KnownKeys {
  readonly #byUnknown = new WeakMap<readonly string[], readonly string[]>();

  remember(issue: z.core.$ZodRawIssue): undefined {
    if (issue.code !== "unrecognized_keys") return;
    const definition = issue.inst?._zod.def as { shape?: Readonly<Record<string, unknown>> } | undefined;
    this.#byUnknown.set(issue.keys as readonly string[], Object.keys(definition?.shape ?? {}));
  }

  of(unknown: readonly string[]): readonly string[] {
    return this.#byUnknown.get(unknown) ?? [];
  }
}

/** Replaces each failed choice by what is wrong with the alternative that was probably meant; paths become absolute. */
function flatten(issues: readonly Issue[], base: Path, tree: unknown): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...pathOf(issue)];
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ ...issue, path }];
    if (valueAt(tree, path) === undefined) return [{ code: "invalid_type", expected: "unknown", path, message: "" } as Issue];
    const alternatives = issue.errors.map((errors) => flatten(errors, path, tree)).filter((errors) => !wantsOnlyNull(errors));
    const ranked = alternatives.map((errors) => ({ errors, rank: misfit(errors, path.length) })).sort((a, b) => a.rank - b.rank);
    const best = ranked[0];
    if (best === undefined) return [];
    if (best.rank < wrongShape) return best.errors;
    return [{ code: "invalid_type", expected: expectedShapes(alternatives) as "string", path, message: "" } as Issue];
  });
}

function wantsOnlyNull(errors: readonly Issue[]): boolean {
  return errors.length === 1 && errors[0]?.code === "invalid_type" && (errors[0].expected as string) === "null";
}

const wrongShape = 1_000_000;

/** How badly an alternative fits: by shape first, then by what is wrong near its root. */
function misfit(errors: readonly Issue[], depth: number): number {
  let rank = 0;
  for (const error of errors) {
    const below = error.path.length - depth;
    if (error.code === "invalid_type" && below === 0) return wrongShape;
    if (error.code === "unrecognized_keys" && below === 0) rank += 1000 * error.keys.length;
    else if (error.code === "invalid_value" && below === 0) rank += 1500;
    else if (kindOf(error) === "not-yet") rank += 0;
    else if (below <= 1) rank += 100;
    else rank += 1;
  }
  return rank;
}

function expectedShapes(alternatives: readonly (readonly Issue[])[]): string {
  const shapes = alternatives.flatMap((errors) =>
    errors.flatMap((error) => (error.code === "invalid_type" ? [shapeNames[error.expected] ?? error.expected] : [])),
  );
  return [...new Set(shapes)].join(" or ");
}

function findingsOf(issue: Issue, tree: unknown, keys: KnownKeys): Finding[] {
  const path = pathOf(issue);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key, keys.of(issue.keys)));
  const value = valueAt(tree, path);
  if (value === undefined && path.length > 0 && issue.code !== "custom") return [{ kind: "missing", path, message: "is missing" }];
  if (issue.code === "custom") {
    return [{ kind: kindOf(issue) === "not-yet" ? "not-yet" : "invalid", path, message: issue.message }];
  }
  return [{ kind: "invalid", path, message: messageOf(issue, value), suggestion: suggestionFor(issue, value) }];
}

const fewKeys = 12;

/** Keys that exist elsewhere or did once, and that people write where they are unknown. */
const hints: Readonly<Record<string, string>> = {
  mcpAuthorization: "it belongs to the policies of the route or of `mcp`, because it is about all targets together",
  mcpGuardrails: "it belongs to the policies of the route or of `mcp`, because it is about all targets together",
  mcpAuthentication: "it is a policy of routes and of `mcp`",
  timeout: "it is a policy of routes",
  retry: "it is a policy of routes",
  azureOpenAI: "the provider is called `azure` now",
  azureHost: "it is `params.azureResourceName` now",
  routeRule: "the target is `route` with `ruleName` now",
  subBackend: "the target is `backend` with `section` now",
};

function unknownKey(path: Path, key: string, known: readonly string[]): Finding {
  if (Object.hasOwn(hints, key)) return { kind: "unknown-key", path: [...path, key], message: `unknown key here: ${hints[key]}` };
  const suggestion = nearest(key, known);
  const listed = suggestion === undefined && known.length > 0 && known.length <= fewKeys ? `; known here: ${known.join(", ")}` : "";
  return { kind: "unknown-key", path: [...path, key], message: `unknown key${listed}`, suggestion };
}

function messageOf(issue: Issue, value: unknown): string {
  if (issue.code === "invalid_type") {
    return `expected ${shapeNames[issue.expected] ?? issue.expected}, got ${shapeOf(value)}${quoteHint(issue.expected, value)}`;
  }
  if (issue.code === "invalid_value") return `expected ${issue.values.map((choice) => `\`${String(choice)}\``).join(" or ")}`;
  if (issue.code === "too_small") {
    return issue.origin === "string" || issue.origin === "array" ? "must not be empty" : `must be at least ${issue.minimum}`;
  }
  if (issue.code === "too_big")
    return issue.origin === "array" ? `must have at most ${issue.maximum} entries` : `must be at most ${issue.maximum}`;
  return issue.message;
}

/** Only what the schema knows already is suggested: the value itself is not repeated. */
function suggestionFor(issue: Issue, value: unknown): string | undefined {
  if (issue.code !== "invalid_value" || typeof value !== "string") return undefined;
  return nearest(
    value,
    issue.values.filter((choice) => typeof choice === "string"),
  );
}

const shapeNames: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  null: "nothing",
};

function shapeOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "a whole number" : "a number";
  if (typeof value === "boolean") return "true or false";
  return isPlainObject(value) ? "a map" : "a string";
}

/** The commonest slip of all: a version, a key or an answer that YAML reads as something other than text. */
function quoteHint(expected: string, value: unknown): string {
  return expected.includes("string") && (typeof value === "number" || typeof value === "boolean") ? "; put it in quotes" : "";
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === "number" ? step : String(step)));
}

function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isPlainObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}
