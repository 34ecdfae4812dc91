import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parse, parserLimits } from "./parser.ts";
import { CelSyntaxError } from "./syntax-error.ts";

function problem(source: string): string {
  try {
    parse(source);
  } catch (error) {
    assert.ok(error instanceof CelSyntaxError, String(error));
    return error.message;
  }
  return "";
}

describe("syntax errors say where and what", () => {
  const cases: [source: string, message: string][] = [
    ["", "1:1: expected an expression, but the expression ends"],
    ["jwt.sub ==", "1:11: expected an expression, but the expression ends"],
    ["(1 + 2", '1:7: expected ")", but the expression ends'],
    ["a ==\n  b c", '2:5: expected the end of the expression, but found "c"'],
    ["a = b", '1:3: unexpected "="; comparing is "=="'],
    ["a & b", '1:3: unexpected "&"; and is "&&"'],
    ["a | b", '1:3: unexpected "|"; or is "||"'],
    ["'abc", "1:1: the string is not closed: ' is missing"],
    ["'é' + \"x", '1:7: the string is not closed: " is missing'],
    ["'a\nb'", "1:1: the string is not closed: ' is missing"],
    ['"a\\qb"', "1:3: invalid escape sequence"],
    ['"\\ud800"', "1:2: escape sequence for no Unicode character"],
    ['b"\\u0041"', "1:3: \\u and \\U are not allowed in bytes"],
    ["9223372036854775808", "1:1: integer out of range"],
    ["18446744073709551616u", "1:1: unsigned integer out of range"],
    ["1.5u", "1:1: an unsigned number has no decimals"],
    ["12abc", '1:1: a number cannot be followed by "abc"'],
    ["a.1", '1:2: expected the end of the expression, but found ".1"'],
    ["a.", "1:3: expected a field name, but the expression ends"],
    ["package == 1", '1:1: "package" is a reserved word'],
    ["a.`b", '1:3: unexpected character "`"'],
    ["`a`", "1:1: a name in backquotes can only follow a dot"],
    ["Message{a: 1}", "1:8: messages cannot be made here; write a map: {...}"],
    ["f(1,)", '1:5: expected an expression, but found ")"'],
    ["a ? b", '1:6: expected ":", but the expression ends'],
    ["!-1", '1:2: expected an expression, but found "-"'],
    ["{1}", '1:3: expected ":", but found "}"'],
    ["# comment", '1:1: unexpected character "#"'],
  ];
  for (const [source, message] of cases) test(JSON.stringify(source), () => assert.equal(problem(source), message));
});

describe("accepted", () => {
  const cases = [
    "a.package.in_",
    "a.`x-y/z.1 b`",
    "a.?b[?c] // comment",
    "[?a, b,]",
    "{?'k': v,}",
    ".5 + 1e3 + 0xFFu",
    "-9223372036854775808",
    "---1",
    "!!!true",
    "'''a 'quoted'\n text''' + r'\\n' + Rb\"\\x\"",
    "a ? b : c ? d : e",
    "\t\n\f\r a // end",
  ];
  for (const source of cases) test(source, () => assert.equal(problem(source), ""));
});

describe("limits", () => {
  const deep = (open: string, close: string): string => open.repeat(50_000 / open.length) + "1" + close.repeat(50_000 / open.length);
  const cases: [name: string, source: string, message: RegExp][] = [
    ["parentheses", deep("(", ")").slice(0, 60_000), /nested too deeply/],
    ["lists", "[".repeat(60_000), /nested too deeply/],
    ["maps", "{1:".repeat(20_000), /nested too deeply/],
    ["indexing", `a${"[a".repeat(20_000)}`, /nested too deeply/],
    ["conditions", "a?a:".repeat(15_000), /nested too deeply/],
    ["calls", "f(".repeat(30_000), /nested too deeply/],
    ["chain of fields", `a${".b".repeat(30_000)}`, /too long a chain/],
    ["sum", `1${"+1".repeat(30_000)}`, /too long a chain/],
    ["parts", `[${"1,".repeat(parserLimits.nodes)}]`, /too large/],
    ["characters", "a".repeat(parserLimits.characters + 1), /65537 characters/],
  ];
  for (const [name, source, message] of cases) test(name, () => assert.match(problem(source), message));

  test("signs and terms are no nesting", () => {
    assert.equal(problem(`${"!".repeat(60_000)}true`), "");
    assert.equal(problem(`${"-".repeat(60_000)}1`), "");
    assert.equal(problem(Array.from({ length: 5_000 }, () => "a").join("||")), "");
  });
});

test("any text is parsed or refused with a syntax error", () => {
  const fragments = fc.constantFrom(
    ..."a b1 . .? [ [? ] ( ) { { ? } : , + - * / % ! && || == != < <= in true null 1 1u 0x 1.5 1e9 'x' \"y\" ''' b' r\" \\ ` \n // é 🐱 has( all(".split(
      " ",
    ),
    " ",
    "\ud800",
  );
  const anything = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join("")),
    fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(anything, (source) => void problem(source)),
    { numRuns: 3_000, seed: 20261122 },
  );
});
