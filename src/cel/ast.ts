import type { Value } from "./value.ts";

export type BinaryOperator = "+" | "-" | "*" | "/" | "%" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in";

/** The tree of an expression. `at` is where a node's own sign stands in the text: the operator, the dot, the name. */
export type Node =
  | { readonly kind: "literal"; readonly at: number; readonly value: Value }
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "select"; readonly at: number; readonly operand: Node; readonly field: string; readonly optional: boolean }
  | { readonly kind: "index"; readonly at: number; readonly operand: Node; readonly key: Node; readonly optional: boolean }
  | CallNode
  | { readonly kind: "unary"; readonly at: number; readonly operator: "!" | "-"; readonly operand: Node }
  | { readonly kind: "binary"; readonly at: number; readonly operator: BinaryOperator; readonly left: Node; readonly right: Node }
  /** A run of && or of ||, flat: a rule with a hundred terms is no deeper than one with two. */
  | { readonly kind: "logic"; readonly at: number; readonly operator: "&&" | "||"; readonly terms: readonly Node[] }
  | { readonly kind: "conditional"; readonly at: number; readonly condition: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: "list"; readonly at: number; readonly elements: readonly { node: Node; optional: boolean }[] }
  | { readonly kind: "map"; readonly at: number; readonly entries: readonly { key: Node; value: Node; optional: boolean }[] };

/** `name(args)`, or `receiver.name(args)`. Which of them a function takes is found out when compiling. */
export interface CallNode {
  readonly kind: "call";
  readonly at: number;
  readonly name: string;
  readonly receiver: Node | undefined;
  readonly args: readonly Node[];
}

/** The dotted name that a chain of selections spells, such as `google.protobuf.Timestamp`; undefined for anything else. */
export function dottedName(node: Node): string | undefined {
  if (node.kind === "name") return node.name;
  if (node.kind !== "select" || node.optional) return undefined;
  const prefix = dottedName(node.operand);
  return prefix === undefined ? undefined : `${prefix}.${node.field}`;
}
