import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Alias, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Path } from "./issues.ts";
import { syntaxMessages, syntaxProblems } from "./syntax-problems.ts";
import type { TextProblem } from "./syntax-problems.ts";

/** YAML read into a tree of plain values, with a way back from a path in the tree to a place in the text. */

export interface YamlSource {
  readonly root: Node | null;
  /** Aliases and what they stand for, as far as the tree was built. */
  readonly targets: Map<Alias, Node>;
  readonly problems: readonly TextProblem[];
}

/** A configuration has a handful of levels; more would only serve to exhaust the stack. */
const maxDepth = 100;
/** Values in the tree after aliases were followed: bounds what a chain of aliases can blow up to. */
const maxValues = 200_000;

/** Reads one document. Never throws. */
export function parseYaml(text: string): YamlSource {
  let document: Document.Parsed;
  try {
    // Repeated keys are found in buildTree: the library compares every key with every other.
    document = parseDocument(text, {
      prettyErrors: false,
      logLevel: "error",
      schema: "core",
      merge: false,
      stringKeys: true,
      uniqueKeys: false,
    });
  } catch {
    return { root: null, targets: new Map(), problems: [{ offset: 0, message: "is nested too deeply" }] };
  }
  return { root: document.contents, targets: new Map(), problems: syntaxProblems(document, text) };
}

interface Build {
  readonly anchors: Map<string, Node>;
  readonly targets: Map<Alias, Node>;
  readonly open: Set<Node>;
  readonly problems: TextProblem[];
  values: number;
}

/** Turns the document into plain values. Adds what it finds wrong to `problems`. */
export function buildTree(source: YamlSource, problems: TextProblem[]): unknown {
  return build(source.root, 0, { anchors: new Map(), targets: source.targets, open: new Set(), problems, values: 0 });
}

function build(node: Node | null, depth: number, state: Build): unknown {
  if (node === null) return null;
  state.values += 1;
  if (depth > maxDepth || state.values > maxValues) {
    if (state.values <= maxValues || state.values === maxValues + 1)
      report(state, node, depth > maxDepth ? "is nested too deeply" : "is too large once its aliases are followed");
    return null;
  }
  if (isAlias(node)) return buildAlias(node, depth, state);
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) state.anchors.set(node.anchor, node);
  if (isMap(node)) return within(node, state, () => buildMap(node as YAMLMap, depth, state));
  if (isSeq(node)) return within(node, state, () => (node as YAMLSeq<Node | null>).items.map((item) => build(item, depth + 1, state)));
  return isScalar(node) ? node.value : null;
}

function within<T>(node: Node, state: Build, run: () => T): T {
  state.open.add(node);
  const result = run();
  state.open.delete(node);
  return result;
}

function buildAlias(alias: Alias, depth: number, state: Build): unknown {
  const target = state.anchors.get(alias.source);
  if (target === undefined || state.open.has(target)) {
    report(state, alias, target === undefined ? syntaxMessages.BAD_ALIAS! : "alias refers to the value that it is in");
    return null;
  }
  state.targets.set(alias, target);
  return build(target, depth, state);
}

function buildMap(map: YAMLMap, depth: number, state: Build): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const pair of map.items as Pair<Scalar | null, Node | null>[]) {
    const key = keyOf(pair);
    if (key === undefined) report(state, pair.key ?? map, "keys must be plain text");
    else if (key === "__proto__") report(state, pair.key ?? map, "`__proto__` cannot be a key");
    else if (key === "<<") report(state, pair.key ?? map, "merge keys (`<<`) are not supported; use an alias for the whole value");
    else if (Object.hasOwn(result, key)) report(state, pair.key ?? map, "the same key is there twice; keep one of them");
    else result[key] = build(pair.value, depth + 1, state);
  }
  return result;
}

/** A pair's key as text; undefined for anything that is no plain text. */
export function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}

function report(state: Build, node: { readonly range?: readonly number[] | null | undefined }, message: string): void {
  state.problems.push({ offset: node.range?.[0] ?? 0, message });
}

/**
 * The offset of what a path leads to: its key where it has one and `at` says so, else its value. A path that leads
 * nowhere (a missing key) gives the nearest thing around it.
 */
export function offsetOf(source: YamlSource, path: Path, at: "key" | "value"): number {
  let node: Node | null = source.root;
  let key: number | undefined;
  let value = startOf(node) ?? 0;
  for (const step of path) {
    const child: Child | undefined = childOf(isAlias(node) ? (source.targets.get(node) ?? null) : node, step);
    if (child === undefined) break;
    node = child.value;
    key = child.key;
    value = startOf(node) ?? key ?? value;
  }
  return at === "key" ? (key ?? value) : value;
}

/**
 * The path to what is at an offset, as far as the text could be read: the keys around it and the entries of lists. It
 * ends before what only a slip made a key (`key: s3cr3t: x`), as that may be anything.
 */
export function pathAt(source: YamlSource, text: string, offset: number): Path {
  const path: (string | number)[] = [];
  let key: number | undefined;
  for (let node = source.root; node !== null && covers(node, offset);) {
    if (isMap(node) && node.flow !== true && key !== undefined && !text.slice(key, startOf(node)).includes("\n")) break;
    const next: Step | undefined = isMap(node) ? pairAt(node, offset) : isSeq(node) ? entryAt(node, offset) : undefined;
    if (next === undefined) break;
    path.push(next.step);
    ({ node, key } = next);
  }
  return path;
}

interface Step {
  readonly step: string | number;
  /** Where the key begins, of an entry of a map. */
  readonly key: number | undefined;
  readonly node: Node | null;
}

function covers(node: Node, offset: number): boolean {
  return !!node.range && node.range[0] <= offset && offset < node.range[2];
}

function pairAt(map: YAMLMap, offset: number): Step | undefined {
  const pair = map.items.findLast(({ key }) => (startOf(key as Node | null) ?? Number.POSITIVE_INFINITY) <= offset);
  const step = pair && keyOf(pair);
  return step === undefined ? undefined : { step, key: startOf(pair!.key as Node | null), node: pair!.value as Node | null };
}

function entryAt(list: YAMLSeq, offset: number): Step | undefined {
  const step = list.items.findLastIndex((item) => (startOf(item as Node | null) ?? Number.POSITIVE_INFINITY) <= offset);
  return step === -1 ? undefined : { step, key: undefined, node: list.items[step] as Node | null };
}

interface Child {
  readonly key: number | undefined;
  readonly value: Node | null;
}

function childOf(node: Node | null, step: string | number): Child | undefined {
  if (isSeq(node) && typeof step === "number" && step < node.items.length)
    return { key: undefined, value: node.items[step] as Node | null };
  if (!isMap(node)) return undefined;
  const pair = pairsOf(node).get(String(step));
  return pair && { key: startOf(pair.key as Node | null), value: pair.value as Node | null };
}

const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** The pairs of a map by key, gathered once: thousands of problems may be in one map. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = pairs.get(map);
  if (known !== undefined) return known;
  const byKey = new Map(map.items.map((pair) => [keyOf(pair) ?? "", pair]));
  pairs.set(map, byKey);
  return byKey;
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0];
}
