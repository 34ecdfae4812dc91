import type { BinaryOperator, Node } from "./ast.ts";
import { Lexer } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import { isProblem, readNumber, readQuoted } from "./literal.ts";
import { CelSyntaxError } from "./syntax-error.ts";
import type { Value } from "./value.ts";

/** What an expression may at most be; all of it far above what people write, and low enough never to exhaust the stack. */
export const parserLimits = { characters: 65_536, depth: 100, nodes: 20_000 } as const;

/** From the CEL language definition; kept free for other languages that expressions are embedded in. */
const reserved = new Set(
  "as break const continue else false for function if import in let loop null package namespace return true var void while".split(" "),
);

/** How tightly the binary operators bind; all of them group to the left. */
const precedence: Readonly<Record<string, number>> = {
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "==": 3,
  "!=": 3,
  in: 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
};

/**
 * Reads an expression (CEL language definition, "Syntax", with the optional-values extension).
 *
 * @throws CelSyntaxError
 */
export function parse(source: string): Node {
  if (source.length > parserLimits.characters) {
    const problem = `the expression has ${source.length} characters; the limit is ${parserLimits.characters}`;
    throw new CelSyntaxError(source, 0, problem);
  }
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  readonly #lexer: Lexer;
  #token: Token;
  #nodes = 0;
  #depth = 0;
  /** How deep the tree below a node is, for those that grow without the parser nesting: `a + a + a`, `a.b.c`. */
  readonly #heights = new WeakMap<Node, number>();

  constructor(source: string) {
    this.#source = source;
    this.#lexer = new Lexer(source);
    this.#token = this.#lexer.next();
  }

  parse(): Node {
    const root = this.#expression();
    if (this.#token.kind !== "end") throw this.#unexpected("the end of the expression");
    return root;
  }

  #expression(): Node {
    if (++this.#depth > parserLimits.depth) {
      throw this.#error(this.#token.offset, `nested too deeply; the limit is ${parserLimits.depth}`);
    }
    const condition = this.#or();
    const at = this.#token.offset;
    let result = condition;
    if (this.#take("?")) {
      const yes = this.#or();
      this.#expect(":");
      const no = this.#expression();
      result = this.#node({ kind: "conditional", at, condition, yes, no }, condition, yes, no);
    }
    this.#depth--;
    return result;
  }

  #or(): Node {
    return this.#logic("||", () => this.#logic("&&", () => this.#binary(3)));
  }

  #logic(operator: "&&" | "||", term: () => Node): Node {
    const first = term();
    const at = this.#token.offset;
    if (!this.#is(operator)) return first;
    const terms = [first];
    while (this.#take(operator)) terms.push(term());
    return this.#node({ kind: "logic", at, operator, terms }, ...terms);
  }

  #binary(level: number): Node {
    let left = level > 5 ? this.#unary() : this.#binary(level + 1);
    if (level > 5) return left;
    while (this.#isOperator() && precedence[this.#token.text] === level) {
      const { text, offset } = this.#advance();
      const right = this.#binary(level + 1);
      left = this.#node({ kind: "binary", at: offset, operator: text as BinaryOperator, left, right }, left, right);
    }
    return left;
  }

  #unary(): Node {
    const { text, offset } = this.#token;
    if (!this.#is("!") && !this.#is("-")) return this.#member(this.#primary());
    let count = 0;
    while (this.#take(text)) count++;
    const digits = text === "-" && this.#token.kind === "number" ? this.#advance() : undefined;
    // The sign belongs to the number: the smallest int has no positive counterpart.
    let operand = this.#member(digits === undefined ? this.#primary() : this.#number(digits, true));
    const left = digits === undefined ? count : count - 1;
    // Pairs cancel out, except that the operand must still be a bool or a number: two are kept to check that.
    for (let i = left > 2 ? 2 - (left % 2) : left; i > 0; i--) {
      operand = this.#node({ kind: "unary", at: offset, operator: text as "!" | "-", operand }, operand);
    }
    return operand;
  }

  #member(start: Node): Node {
    let operand = start;
    for (;;) {
      const at = this.#token.offset;
      if (this.#take(".")) operand = this.#selection(operand);
      else if (this.#take("[")) {
        const optional = this.#take("?");
        const key = this.#expression();
        this.#expect("]");
        operand = this.#node({ kind: "index", at, operand, key, optional }, operand, key);
      } else if (this.#is("{") && looksLikeTypeName(operand)) {
        throw this.#error(at, "messages cannot be made here; write a map: {...}");
      } else return operand;
    }
  }

  /** What follows a dot: `field`, `?field`, or `method(args)`. */
  #selection(operand: Node): Node {
    const optional = this.#take("?");
    const { kind, text, offset: at } = this.#token;
    if (kind !== "name" && kind !== "quotedName") throw this.#unexpected("a field name");
    if (kind === "name" && /^(?:true|false|null|in)$/.test(text)) throw this.#unexpected("a field name");
    this.#advance();
    if (optional || kind === "quotedName" || !this.#take("(")) {
      return this.#node({ kind: "select", at, operand, field: text, optional }, operand);
    }
    const args = this.#arguments();
    return this.#node({ kind: "call", at, name: text, receiver: operand, args }, operand, ...args);
  }

  #primary(): Node {
    const { kind, text, offset: at } = this.#token;
    if (kind === "number") return this.#number(this.#advance(), false);
    if (kind === "string") return this.#string();
    if (kind === "name") return this.#name();
    if (kind === "punctuation") {
      if (text === "(") return this.#parenthesised();
      if (text === "[") return this.#list();
      if (text === "{") return this.#map();
      // A leading dot asks for the outermost scope, which is the only one that names have here besides macro variables.
      if (text === ".") {
        this.#advance();
        if (this.#token.kind === "name") return this.#name();
      }
    }
    if (kind === "quotedName") throw this.#error(at, "a name in backquotes can only follow a dot");
    throw this.#unexpected("an expression");
  }

  #parenthesised(): Node {
    this.#expect("(");
    const inner = this.#expression();
    this.#expect(")");
    return inner;
  }

  #name(): Node {
    const { text, offset: at } = this.#advance();
    if (text === "true" || text === "false") return this.#literal(at, text === "true");
    if (text === "null") return this.#literal(at, null);
    if (reserved.has(text)) throw this.#error(at, `"${text}" is a reserved word`);
    if (!this.#take("(")) return this.#node({ kind: "name", at, name: text });
    const args = this.#arguments();
    return this.#node({ kind: "call", at, name: text, receiver: undefined, args }, ...args);
  }

  #arguments(): Node[] {
    const args: Node[] = [];
    if (this.#take(")")) return args;
    do args.push(this.#expression());
    while (this.#take(","));
    this.#expect(")");
    return args;
  }

  #list(): Node {
    const at = this.#advance().offset;
    const elements: { node: Node; optional: boolean }[] = [];
    while (!this.#is("]")) {
      const optional = this.#take("?");
      elements.push({ node: this.#expression(), optional });
      if (!this.#take(",")) break;
    }
    this.#expect("]");
    return this.#node({ kind: "list", at, elements }, ...elements.map(({ node }) => node));
  }

  #map(): Node {
    const at = this.#advance().offset;
    const entries: { key: Node; value: Node; optional: boolean }[] = [];
    while (!this.#is("}")) {
      const optional = this.#take("?");
      const key = this.#expression();
      this.#expect(":");
      entries.push({ key, value: this.#expression(), optional });
      if (!this.#take(",")) break;
    }
    this.#expect("}");
    return this.#node({ kind: "map", at, entries }, ...entries.flatMap(({ key, value }) => [key, value]));
  }

  #number(token: Token, negative: boolean): Node {
    const value = readNumber(token.text, negative);
    if (isProblem(value)) throw this.#error(token.offset, value.problem);
    return this.#literal(token.offset, value);
  }

  #string(): Node {
    const token = this.#advance();
    const value = readQuoted(token.text);
    if (isProblem(value)) throw this.#error(token.offset + value.at, value.problem);
    return this.#literal(token.offset, value);
  }

  #literal(at: number, value: Value): Node {
    return this.#node({ kind: "literal", at, value });
  }

  /** Counts a node and how deep the tree has become. */
  #node(node: Node, ...children: readonly Node[]): Node {
    if (++this.#nodes > parserLimits.nodes) throw this.#error(node.at, `too large; the limit is ${parserLimits.nodes} parts`);
    let height = 0;
    for (const child of children) height = Math.max(height, this.#heights.get(child) ?? 0);
    if (height >= parserLimits.depth * 2) throw this.#error(node.at, `too long a chain; the limit is ${parserLimits.depth * 2}`);
    this.#heights.set(node, height + 1);
    return node;
  }

  #is(sign: string): boolean {
    return this.#token.kind === "punctuation" && this.#token.text === sign;
  }

  #isOperator(): boolean {
    const { kind, text } = this.#token;
    return kind === "punctuation" || (kind === "name" && text === "in");
  }

  #take(sign: string): boolean {
    if (!this.#is(sign)) return false;
    this.#advance();
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unexpected(`"${sign}"`);
  }

  #advance(): Token {
    const token = this.#token;
    this.#token = this.#lexer.next();
    return token;
  }

  #unexpected(wanted: string): CelSyntaxError {
    const { kind, text, offset } = this.#token;
    const found = kind === "end" ? "the expression ends" : `found ${JSON.stringify(text)}`;
    return this.#error(offset, `expected ${wanted}, but ${found}`);
  }

  #error(offset: number, detail: string): CelSyntaxError {
    return new CelSyntaxError(this.#source, offset, detail);
  }
}

/** Whether `{` behind this would make a message of that name. */
function looksLikeTypeName(node: Node): boolean {
  return node.kind === "name" || (node.kind === "select" && !node.optional && looksLikeTypeName(node.operand));
}
