import { ConfigError } from "./issues.ts";
import type { ConfigIssue, IssueKind, Path } from "./issues.ts";
import { formatPath } from "./issues.ts";
import { document } from "./schema/document.ts";
import type { Config } from "./schema/document.ts";
import { expandEnvironment } from "./text.ts";
import type { Environment } from "./text.ts";
import { buildTree, offsetOf, parseYaml } from "./yaml.ts";
import type { TextProblem } from "./yaml.ts";
import { check } from "./zod-issues.ts";

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
  readonly files: readonly string[];
  /** The document as plain values, after variables and old spellings were replaced. */
  readonly tree: unknown;
}

/** Longer text is refused unread. */
const maxLength = 8 * 1024 * 1024;

/**
 * Reads a configuration: environment variables, then YAML or JSON, then the schema, then what no schema can say.
 * @throws ConfigError with everything that is wrong
 */
export function loadConfig(text: string, options: LoadOptions): LoadedConfig {
  const place = placer(text, options.file);
  if (text.length > maxLength) throw new ConfigError([place("invalid", 0, [], "is larger than 8 MiB")]);
  const expanded = expandEnvironment(text, options.environment);
  if (expanded.missing.length > 0) {
    throw new ConfigError(
      expanded.missing.map(({ name, offset }) =>
        place(
          "environment",
          offset,
          [],
          `the environment variable ${name} is not set; give a default with \${${name}:-...}, or write $$ for a dollar sign`,
        ),
      ),
    );
  }
  const source = parseYaml(expanded.text);
  const problems: TextProblem[] = [...source.problems];
  const tree = buildTree(source, problems) ?? {};
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ offset, message }) => place("syntax", expanded.toOriginal(offset), [], message)));
  }
  const checked = check(document, tree);
  if ("findings" in checked) {
    const issues = checked.findings.map(({ kind, path, message, suggestion }): ConfigIssue => {
      const offset = expanded.toOriginal(offsetOf(source, path, kind === "unknown-key" || kind === "not-yet" ? "key" : "value"));
      const issue = place(kind, offset, path, message);
      return suggestion === undefined ? issue : { ...issue, suggestion };
    });
    throw new ConfigError(inOrder(issues));
  }
  return { config: checked.value, warnings: [], files: [], tree };
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
