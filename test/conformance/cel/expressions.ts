import fc from "fast-check";

/** Variables that generated expressions read; their values are in differential.test.ts. */
export const variableNames = ["i", "d", "s", "b", "list", "map", "nothing"] as const;

interface Kinds {
  int: string;
  double: string;
  uint: string;
  string: string;
  bool: string;
  bytes: string;
  list: string;
  map: string;
  any: string;
}

const binary = (left: fc.Arbitrary<string>, operators: readonly string[], right: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(left, fc.constantFrom(...operators), right).map(([a, operator, b]) => `(${a} ${operator} ${b})`);

const arithmetic = ["+", "-", "*", "/", "%"];
const comparisons = ["==", "!=", "<", "<=", ">", ">="];

/**
 * Expressions whose meaning the standard fixes: mostly of matching types, so that they have values, and now and then not.
 * Left out is what differs on purpose (arithmetic on numbers of different types, an error in the standard) and what
 * @bufbuild/cel does otherwise than cel-go: characters beyond U+FFFF, int(""), splitting at "", dividing uints beyond 2^63, negating the
 * smallest int, null as a key or value of a map.
 */
export const expressions: fc.Arbitrary<string> = fc.letrec<Kinds>((tie) => {
  const [int, double, uint, string, bool, bytes, list, map, any] = (
    ["int", "double", "uint", "string", "bool", "bytes", "list", "map", "any"] as const
  ).map((kind) => tie(kind)) as [
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
    fc.Arbitrary<string>,
  ];
  const choose = (...options: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.oneof({ maxDepth: 4, depthIdentifier: "cel" }, ...options);
  const conditional = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(bool, of, of).map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`);
  const call = (of: fc.Arbitrary<string>, ...names: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom(...names), of).map(([name, operand]) => `${name}(${operand})`);
  const method = (of: fc.Arbitrary<string>, names: readonly string[], argument?: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(of, fc.constantFrom(...names), argument ?? fc.constant("")).map(([operand, name, arg]) => `${operand}.${name}(${arg})`);
  const element = fc.constantFrom("e", "(e == 1)", "(e == 'a')", "(e in [1, 'b', true])", "(1 / 0 == 1)", "e.x");
  const loop = (of: fc.Arbitrary<string>, ...names: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(of, fc.constantFrom(...names), element).map(([range, name, body]) => `${range}.${name}(e, ${body})`);
  return {
    int: choose(
      fc.constantFrom("0", "1", "-1", "2", "7", "9007199254740993", "-9223372036854775807", "9223372036854775807", "i", "0x1f"),
      binary(int, arithmetic, int),
      int.map((operand) => `-(${operand})`),
      call(choose(string, list, map, bytes), "size"),
      call(choose(int, double, uint, fc.constantFrom("'12'", "'-3'", "'x'")), "int"),
      conditional(int),
      method(string, ["indexOf", "lastIndexOf"], string),
    ),
    double: choose(
      fc.constantFrom("0.0", "1.0", "-1.5", "0.1", "1e300", "2.5e-3", "d"),
      binary(double, arithmetic, double),
      double.map((operand) => `-(${operand})`),
      call(choose(int, uint, double), "double"),
      conditional(double),
    ),
    uint: choose(
      fc.constantFrom("0u", "1u", "5u", "9007199254740993u"),
      binary(uint, arithmetic, uint),
      call(choose(int, double, uint, fc.constantFrom("'12'", "'x'")), "uint"),
    ),
    string: choose(
      fc.constantFrom('""', "'a'", "'ab'", "'éa'", "'12'", "'-3'", "'\\n'", "r'\\d'", "s"),
      binary(string, ["+"], string),
      call(choose(int, uint, bool, string, bytes), "string"),
      method(string, ["lowerAscii", "upperAscii", "trim"]),
      method(string, ["charAt", "substring"], int),
      fc.tuple(string, fc.constantFrom("'a'", "'é'", "'12'"), string).map(([text, from, to]) => `${text}.replace(${from}, ${to})`),
      conditional(string),
    ),
    bytes: choose(fc.constantFrom("b''", "b'ab'", "b'\\xff'"), binary(bytes, ["+"], bytes), call(string, "bytes")),
    bool: choose(
      fc.constantFrom("true", "false", "b"),
      binary(any, ["==", "!="], any),
      binary(choose(int, double, uint), comparisons, choose(int, double, uint)),
      binary(string, comparisons, string),
      binary(bytes, comparisons, bytes),
      binary(choose(bool, any), ["&&", "||"], choose(bool, any)),
      bool.map((operand) => `!(${operand})`),
      binary(any, ["in"], list),
      binary(choose(string, int, uint, bool), ["in"], map),
      method(string, ["contains", "startsWith", "endsWith"], string),
      loop(choose(list, map), "all", "exists", "exists_one"),
      map.map((operand) => `has(${operand}.a)`),
      conditional(bool),
    ),
    list: choose(
      fc.constantFrom("[]", "[1, 2, 3]", "['a', 'b']", "[1, 1.0, 1u]", "[true, null]", "list"),
      fc.array(any, { maxLength: 3 }).map((elements) => `[${elements.join(", ")}]`),
      binary(list, ["+"], list),
      loop(choose(list, map), "map", "filter"),
      method(string, ["split"], fc.constantFrom("'a'", "'é'", "'ab'")),
      conditional(list),
    ),
    map: choose(
      fc.constantFrom("{}", "{'a': 1}", "{1: 'x', 2u: 'y'}", "{true: {'a': 2}}", "map"),
      fc.tuple(choose(string, int, uint, bool), choose(int, string, bool, list)).map(([key, value]) => `{${key}: ${value}}`),
    ),
    any: choose(
      fc.constantFrom("null", "nothing", "map.a", "map.zzz", "list[0]", "list[9]", "map['a']", "{}.x"),
      int,
      double,
      uint,
      string,
      bool,
      bytes,
      list,
      map,
      fc.tuple(list, choose(int, double, uint)).map(([operand, index]) => `${operand}[${index}]`),
      fc.tuple(map, choose(string, int, double, bool)).map(([operand, key]) => `${operand}[${key}]`),
      call(any, "type"),
    ),
  };
}).any;
