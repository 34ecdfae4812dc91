/** Checks the mechanical half of the house rules (docs/architecture.md); `npm run tidy`, and a test runs it too. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { exceptions } from "./tidy-exceptions.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const fileCap = 400;
const functionCap = 70;
const parameterCap = 4;
const bannedNames = /(?:^|[/-])(?:utils|helpers|common|shared|misc|manager|service|types|core)(?:\.|\/|$)/;

/** Floors: imports only go down; siblings on the floors marked so never import each other. */
const floors: readonly { readonly floor: number; readonly roots: readonly string[]; readonly siblingsApart: boolean }[] = [
  { floor: 7, roots: ["main"], siblingsApart: false },
  { floor: 6, roots: ["commands", "gateway", "server", "admin"], siblingsApart: false },
  { floor: 5, roots: ["config"], siblingsApart: false },
  { floor: 4, roots: ["policies", "llm", "mcp", "http"], siblingsApart: true },
  { floor: 3, roots: ["pipeline", "cel", "telemetry", "ledger", "upstream", "store"], siblingsApart: true },
  { floor: 2, roots: ["contract"], siblingsApart: false },
  { floor: 1, roots: ["base"], siblingsApart: false },
];

interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly { readonly target: string; readonly line: number }[];
}

/** Every breach of the rules, as `file:line rule`. */
export function breaches(): string[] {
  const sources = globSync("src/**/*.ts", { cwd: root }).sort().map(read);
  const found = [...sources.flatMap(checkFile), ...cycles(sources)];
  const used = new Set<string>();
  const left = found.filter((breach) => {
    const exception = exceptions.find(({ matches }) => breach.includes(matches));
    if (exception !== undefined) used.add(exception.matches);
    return exception === undefined;
  });
  const stale = exceptions
    .filter(({ matches }) => !used.has(matches))
    .map(({ matches }) => `scripts/tidy-exceptions.ts stale exception: ${matches}`);
  return [...left, ...stale];
}

function read(file: string): Source {
  const text = readFileSync(join(root, file), "utf8");
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)].map((match) => ({
    target: normalize(join(dirname(file), match[1] as string)),
    line: lineAt(text, match.index),
  }));
  return { file, text, imports };
}

function checkFile(source: Source): string[] {
  const { file, text } = source;
  const found: string[] = [];
  const report = (line: number, rule: string): number => found.push(`${file}:${line} ${rule}`);
  const isTest = file.endsWith(".test.ts");
  if (bannedNames.test(file)) report(1, "banned name");
  if (!/^src\/[a-z0-9./-]+$/.test(file)) report(1, "file names are lower case with hyphens");
  const lines = text.split("\n");
  if (!isTest && lines.length > fileCap + 1) report(1, `longer than ${fileCap} lines (${lines.length})`);
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("export default ")) report(index + 1, "default export");
    if (line.startsWith("export * ")) report(index + 1, "export *");
    if (/(?::\s*any\b|<any>|\bas any\b)/.test(line.replace(/"(?:[^"\\]|\\.)*"|\/\/.*|\/?\*.*/g, ""))) report(index + 1, "any");
    if (file !== "src/main.ts" && !isTest && /(?<![.\w])(?:console\.|process\.env)/.test(line.replace(/(?:\/\/|^\s*\/?\*).*/, "")))
      report(index + 1, "console and process.env only in main.ts");
  }
  if (!isTest) for (const problem of functionProblems(text)) report(problem.line, problem.rule);
  for (const { target, line } of source.imports) for (const rule of importProblems(file, target)) report(line, rule);
  return found;
}

function importProblems(file: string, target: string): string[] {
  if (target.endsWith(".json")) return [];
  if (!target.endsWith(".ts")) return ["import without .ts"];
  if (!existsSync(join(root, target))) return [`import of a missing file ${target}`];
  if (file.endsWith(".test.ts")) return [];
  const from = placeOf(file);
  const to = placeOf(target);
  if (from === undefined || to === undefined) return [`${from === undefined ? file : target} is on no floor`];
  if (to.floor > from.floor) return [`imports upwards: ${target}`];
  if (from.siblingsApart && to.floor === from.floor && to.name !== from.name) return [`imports its sibling: ${target}`];
  if (
    from.name === "policies" &&
    to.name === "policies" &&
    folderOf(file) !== folderOf(target) &&
    folderOf(file) !== "" &&
    folderOf(target) !== ""
  ) {
    return [`a policy imports another: ${target}`];
  }
  return [];
}

function placeOf(file: string): { floor: number; name: string; siblingsApart: boolean } | undefined {
  const name = /^src\/([a-z-]+)/.exec(file)?.[1] ?? "";
  for (const { floor, roots, siblingsApart } of floors) if (roots.includes(name)) return { floor, name, siblingsApart };
  return undefined;
}

/** `cors` of src/policies/cors/index.ts; "" for files directly in src/policies/. */
function folderOf(file: string): string {
  return /^src\/policies\/([a-z-]+)\//.exec(file)?.[1] ?? "";
}

/** Functions over the cap and parameter lists over the cap, read by indentation: good enough for formatted code. */
function functionProblems(text: string): { line: number; rule: string }[] {
  const problems: { line: number; rule: string }[] = [];
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const head =
      /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:private |protected |public |static |override |async )*(?:get |set )?(\w+)\([^)]*\)[^;=]*\{$|(?:const|let) (\w+) = (?:async )?\()/.exec(
        line,
      );
    if (head === null || /^\s*(?:if|for|while|switch|catch|return|else)\b/.test(line)) continue;
    const indent = head[1] as string;
    const end = lines.findIndex(
      (later, at) =>
        at >= index &&
        (at > index ? later.startsWith(`${indent}}`) && !later.startsWith(`${indent}} =`) && !later.startsWith(`${indent}})`) : false),
    );
    if (end > index && end - index > functionCap)
      problems.push({ line: index + 1, rule: `function longer than ${functionCap} lines (${end - index})` });
    const parameters = /\(([^()]*)\)/.exec(line)?.[1];
    if (
      parameters !== undefined &&
      head[2] !== undefined &&
      parameters.split(/,(?![^<{[]*[>}\]])/).filter((part) => part.trim() !== "").length > parameterCap
    ) {
      problems.push({ line: index + 1, rule: `more than ${parameterCap} parameters` });
    }
  }
  return problems;
}

/** Import cycles, type imports included: a reader has to follow those too. Tarjan's algorithm. */
function cycles(sources: readonly Source[]): string[] {
  const graph = new Map(
    sources.filter(({ file }) => !file.endsWith(".test.ts")).map(({ file, imports }) => [file, imports.map(({ target }) => target)]),
  );
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file) as number);
    stack.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue;
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) low.set(file, Math.min(low.get(file) as number, low.get(target) as number));
    }
    if (low.get(file) !== order.get(file)) return;
    const knot = stack.splice(stack.indexOf(file));
    if (knot.length > 1) found.push(`${file}:1 import cycle: ${knot.join(" -> ")}`);
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = breaches();
  for (const breach of found) console.error(breach);
  console.log(found.length === 0 ? "tidy" : `${found.length} breaches`);
  process.exit(found.length === 0 ? 0 : 1);
}
