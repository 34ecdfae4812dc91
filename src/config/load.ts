import { checkConsistency } from "./check.ts";
import { expressionWarnings } from "./expression-warnings.ts";
import { ConfigError, formatPath, parsePath } from "./issues.ts";
import type { ConfigIssue, IssueKind, Path } from "./issues.ts";
import { pathAsWritten, rewriteOldNames } from "./old-names.ts";
import { findFiles } from "./referenced-files.ts";
import { document } from "./schema/document.ts";
import type { Config } from "./schema/document.ts";
import type { TextProblem } from "./syntax-problems.ts";
import { expandEnvironment } from "./text.ts";
import type { Environment } from "./text.ts";
import { buildTree, offsetOf, parseYaml, pathAt } from "./yaml.ts";
import { check } from "./zod-issues.ts";
import type { Finding } from "./zod-issues.ts";

export interface LoadOptions {
  /** How messages call the text; usually the path of the file. */
  readonly file: string;
  readonly environment: Environment;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Things that work and deserve a word, in the order of the file. */
  readonly warnings: readonly ConfigIssue[];
  /** Files that the configuration refers to, as written there, without repetition. */
  readonly files: () => readonly string[];
  /** An issue at a place of the document, for what only compiling finds out. */
  readonly issueAt: (path: string, message: string) => ConfigIssue;
  /** The document as plain values, after variables and old spellings were replaced. */
  readonly tree: unknown;
}

/** Longer text is refused unread. */
const maxLength = 8 * 1024 * 1024;

/**
 * Reads a configuration: environment variables, then YAML or JSON, then old spellings, then the schema and what no
 * schema can say. The files it names are not opened.
 * @throws ConfigError with everything that is wrong; a later step runs only when the earlier ones found nothing
 */
export function loadConfig(text: string, options: LoadOptions): LoadedConfig {
  const place = placer(text, options.file);
  if (text.length > maxLength) throw new ConfigError([place("invalid", 0, [], "is larger than 8 MiB")]);
  const expanded = expandEnvironment(text, options.environment);
  if (expanded.missing.length > 0) {
    const unexpanded = parseYaml(text);
    throw new ConfigError(
      expanded.missing.map(({ name, offset }) => place("environment", offset, pathAt(unexpanded, text, offset), missingVariable(name))),
    );
  }
  const source = parseYaml(expanded.text);
  const problems = [...source.problems];
  const tree = buildTree(source, problems) ?? {};
  if (problems.length > 0) {
    const space = nonBreakingSpace(text);
    if (space !== undefined) throw new ConfigError([place("syntax", space, [], pastedFromPage)]);
    const misread = ({ offset, message }: TextProblem): ConfigIssue =>
      place("syntax", expanded.toOriginal(offset), pathAt(source, expanded.text, offset), message);
    throw new ConfigError(inOrder(problems.map(misread)));
  }
  const { found, moves } = rewriteOldNames(tree);
  const locate = ({ kind, path, message, suggestion }: Finding): ConfigIssue => {
    const written = pathAsWritten(path, moves);
    const offset = offsetOf(source, written, kindsAboutKeys.has(kind) ? "key" : "value");
    const issue = place(kind, expanded.toOriginal(offset), written, message);
    return suggestion === undefined ? issue : { ...issue, suggestion };
  };
  const checked = check(document, tree);
  const findings = [...("findings" in checked ? checked.findings : []), ...checkConsistency(tree)];
  if ("findings" in checked || findings.length > 0) throw new ConfigError(inOrder(findings.map(locate)));
  const remarkable = expressionWarnings(checked.value, tree);
  const warnings = inOrder([
    ...found.map(({ path, message }) => locate({ kind: "outdated", path, message })),
    ...remarkable.map(({ path, message }) => locate({ kind: "invalid", path, message })),
  ]);
  const issueAt = (path: string, message: string): ConfigIssue => locate({ kind: "invalid", path: parsePath(path), message });
  return { config: checked.value, warnings, files: () => findFiles(tree), issueAt, tree };
}

const pastedFromPage = "a non-breaking space in the indentation, as web pages have them; YAML is indented with plain spaces";

/** Where a line is indented by one: to YAML that is text, and what follows from it is hard to read. */
function nonBreakingSpace(text: string): number | undefined {
  const found = /^[ \t]*(?=\u00a0)/mu.exec(text);
  return found === null ? undefined : found.index + found[0].length;
}

/** Findings about these concern the key, where there is one, more than what stands behind it. */
const kindsAboutKeys: ReadonlySet<IssueKind> = new Set(["unknown-key", "not-yet", "outdated", "missing"]);

function missingVariable(name: string): string {
  // Anything else between the braces is no name that somebody chose, and may be a secret.
  if (!/^[\p{L}\p{N}_]{1,100}$/u.test(name))
    return "`${...}` does not hold the name of an environment variable; write $$ for a dollar sign";
  return `the environment variable ${name} is not set; give a default with \${${name}:-...}, or write $$ for a dollar sign`;
}

type Placer = (kind: IssueKind, offset: number, path: Path, message: string) => ConfigIssue;

/** Makes issues with the line and column of an offset. */
function placer(text: string, file: string): Placer {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (kind, offset, path, message) => {
    let line = 0;
    for (let high = starts.length; line + 1 < high;) {
      const middle = (line + high) >>> 1;
      if (starts[middle]! <= offset) line = middle;
      else high = middle;
    }
    return { kind, file, line: line + 1, column: offset - starts[line]! + 1, path: formatPath(path), message };
  };
}

function inOrder(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return issues.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
