import type { z } from "zod";
import { isPlainObject } from "../contract/config/combinators.ts";
import type { IssueParams } from "../contract/config/combinators.ts";
import { formatPath } from "./issues.ts";
import type { IssueKind, Path } from "./issues.ts";
import { homesOf, shapeOfSchema } from "./schema-shapes.ts";
import type { Shape } from "./schema-shapes.ts";
import { nearest } from "./suggest.ts";
import { advice, shapeName, shapeOf } from "./wording.ts";

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

/** Which keys an object has that an issue is about: zod does not say so in the issue itself. */
class KnownKeys {
  readonly #byUnknown = new WeakMap<readonly string[], Shape>();

  /** Takes note while zod words an issue; the text for it, or undefined to leave it at zod's. */
  remember(issue: z.core.$ZodRawIssue): string | undefined {
    const shape = shapeOfSchema(issue.inst as z.core.$ZodType | undefined);
    if (shape === undefined) return undefined;
    if (issue.code === "unrecognized_keys") this.#byUnknown.set(issue.keys as readonly string[], shape);
    const keys = Object.keys(shape);
    if (issue.code !== "invalid_type" || keys.length > fewKeys) return undefined;
    return `${keysAre}${keys.map((key) => `\`${key}\``).join(", ")}`;
  }

  of(unknown: readonly string[]): Shape {
    return this.#byUnknown.get(unknown) ?? {};
  }
}

const fewKeys = 12;

/** Begins the text of issues about something that should be a map and is none. */
const keysAre = "its keys are ";

/** Replaces each failed choice by what is wrong with the alternative that was probably meant; paths become absolute. */
function flatten(issues: readonly Issue[], base: Path, tree: unknown): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...pathOf(issue)];
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ ...issue, path }];
    if (valueAt(tree, path) === undefined) return [{ code: "invalid_type", expected: "unknown", path, message: "" } as Issue];
    const possible = issue.errors.map((errors) => flatten(errors, path, tree)).filter((errors) => !wantsOnlyNull(errors));
    const plain = possible.filter((errors) => !wantsConditions(errors, path, tree));
    const alternatives = plain.length === 0 ? possible : plain;
    const ranked = alternatives.map((errors) => ({ errors, rank: misfit(errors, path.length) })).sort((a, b) => a.rank - b.rank);
    const best = ranked[0];
    if (best === undefined) return [];
    if (best.rank < wrongShape || ranked.length === 1) return best.errors;
    const atRoot = alternatives.flat().filter((error) => error.code === "invalid_type" && error.path.length === path.length);
    const message = atRoot.find((error) => error.message.startsWith(keysAre))?.message ?? "";
    return [{ code: "invalid_type", expected: expectedShapes(atRoot) as "string", path, message } as Issue];
  });
}

function wantsOnlyNull(errors: readonly Issue[]): boolean {
  return errors.length === 1 && errors[0]?.code === "invalid_type" && (errors[0].expected as string) === "null";
}

/** Whether this is about the form of a policy with conditions, where nobody wrote any. */
function wantsConditions(errors: readonly Issue[], base: Path, tree: unknown): boolean {
  const path = formatPath([...base, "conditional"]);
  return valueAt(tree, [...base, "conditional"]) === undefined && errors.some((error) => formatPath(pathOf(error)) === path);
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

function expectedShapes(errors: readonly Issue[]): string {
  const shapes = errors.flatMap((error) => (error.code === "invalid_type" ? [shapeName(error.expected)] : []));
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

/** Keys that exist elsewhere or did once, and that people write where they are unknown. */
const hints: Readonly<Record<string, string>> = {
  mcpAuthorization: "it belongs to the policies of the route or of `mcp`, because it is about all targets together",
  mcpGuardrails: "it belongs to the policies of the route or of `mcp`, because it is about all targets together",
  mcpAuthentication: "it is a policy of routes and of `mcp`",
  timeout: "it is a policy of routes",
  retry: "it is a policy of routes",
  backendAuth: "it is a policy of routes and of backends",
  backendTLS: "it is a policy of routes and of backends",
  apiVersion: "this looks like a Kubernetes resource; only the gateway's own configuration can be read",
  azureOpenAI: "the provider is called `azure` now",
  azureHost: "it is `params.azureResourceName` now",
  routeRule: "the target is `route` with `ruleName` now",
  subBackend: "the target is `backend` with `section` now",
};

function unknownKey(path: Path, key: string, shape: Shape): Finding {
  const finding = (message: string, suggestion?: string): Finding => ({ kind: "unknown-key", path: [...path, key], message, suggestion });
  if (Object.hasOwn(hints, key)) return finding(`unknown key here: ${hints[key]}`);
  const homes = homesOf(key, shape);
  if (homes.length > 0 && homes.length < 4)
    return finding(`unknown key here: it belongs below ${homes.map((home) => `\`${home}\``).join(" or ")}`);
  const known = Object.keys(shape);
  const suggestion = nearest(key, known);
  const listed = suggestion === undefined && known.length > 0 && known.length <= fewKeys ? `; known here: ${known.join(", ")}` : "";
  return finding(`unknown key${listed}`, suggestion);
}

function messageOf(issue: Issue, value: unknown): string {
  if (issue.code === "invalid_type") {
    const expected = shapeName(issue.expected);
    if (issue.message.startsWith("expected ")) return issue.message;
    const keys = issue.message.startsWith(keysAre) ? issue.message : undefined;
    const help = advice(expected, value, keys);
    return `expected ${expected}, got ${shapeOf(value)}${help === undefined ? "" : `; ${help}`}`;
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
