/** What is wrong with, or remarkable about, a configuration. */

export type IssueKind =
  /** Not YAML. */
  | "syntax"
  /** An environment variable is not set. */
  | "environment"
  /** A key that does not exist there. */
  | "unknown-key"
  /** A key that must be there and is not. */
  | "missing"
  /** A value of the wrong kind or out of range. */
  | "invalid"
  /** Right by itself and at odds with another part of the configuration. */
  | "conflict"
  /** Part of the language, but not served by this version. */
  | "not-yet"
  /** An old spelling that still works; a warning. */
  | "outdated";

export interface ConfigIssue {
  readonly kind: IssueKind;
  /** The file as it was named to the loader. */
  readonly file: string;
  /** Position in the text as written, counted from 1. */
  readonly line: number;
  readonly column: number;
  /** `binds[0].listeners[0].routes[1].policies.cors`; empty for the document as a whole. */
  readonly path: string;
  /** One line. Never a value from the file, which may be a secret; key names and shapes only. */
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.length === 1 ? "the configuration has a problem" : `the configuration has ${issues.length} problems`);
    this.name = "ConfigError";
    this.issues = issues;
  }
}

/** Steps from the root of the document: names of keys and indices of lists. */
export type Path = readonly (string | number)[];

/** A path in the form that messages have. */
export function formatPath(path: Path): string {
  return path
    .map((step) => {
      if (typeof step === "number") return `[${step}]`;
      return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    })
    .join("")
    .replace(/^\./, "");
}

/** The steps of a path that `formatPath` or a compile context wrote. */
export function parsePath(text: string): Path {
  const steps = text.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g);
  return Array.from(steps, ([, index, quoted, plain]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (plain as string) : String(JSON.parse(`"${quoted}"`));
  });
}

/** `file:line:column: path: message`, as compilers and editors know it. */
export function formatIssue(issue: ConfigIssue): string {
  const place = `${issue.file}:${issue.line}:${issue.column}`;
  const path = issue.path === "" ? "" : `${issue.path}: `;
  const suggestion = issue.suggestion === undefined ? "" : `; did you mean \`${issue.suggestion}\`?`;
  return `${place}: ${path}${issue.message}${suggestion}`;
}

/** All issues for a console, one a line, in the order of the file, with a summary at the end. */
export function formatIssues(error: ConfigError): string {
  return [...error.issues.map(formatIssue), error.message].join("\n");
}
