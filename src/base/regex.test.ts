import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { RegexSyntaxError, compileRegex } from "./regex.ts";
import { analyseBacktracking } from "./regex-backtracking.ts";

describe("compileRegex", () => {
  test("finds anywhere, or matches the whole text", () => {
    const regex = compileRegex("b+");
    assert.equal(regex.test("abbc"), true);
    assert.equal(regex.matchWhole("abbc"), false);
    assert.equal(regex.matchWhole("bb"), true);
    assert.equal(compileRegex("a|ab").matchWhole("ab"), true);
  });

  const replacements: [pattern: string, text: string, replacement: string, first: string, all: string][] = [
    ["^.*/models/(.+?):.*", "/p/x/models/claude:raw", "${1}", "claude", "claude"],
    ["id=(.+?) ", "a id=12 b id=3 c", "[$1] ", "a [12] b id=3 c", "a [12] b [3] c"],
    ["(?P<year>\\d+)-(?P<month>\\d+)", "2026-11 2025-10", "$month/${year}", "11/2026 2025-10", "11/2026 10/2025"],
    ["a", "aa", "$$1", "$1a", "$1$1"],
    ["a", "a", "$1x ${nope} $ {", "  $ {", "  $ {"],
    ["a*", "baaac", "x", "xbaaac", "xbxcx"],
    ["", "🐱é", "-", "-🐱é", "-🐱-é-"],
    ["x", "abc", "y", "abc", "abc"],
    ["(?i)ab", "xABy", "-", "x-y", "x-y"],
  ];
  for (const [pattern, text, replacement, first, all] of replacements) {
    test(`replacing /${pattern}/ in ${JSON.stringify(text)} by ${JSON.stringify(replacement)}`, () => {
      const regex = compileRegex(pattern);
      assert.equal(regex.replaceFirst(text, replacement), first);
      assert.equal(regex.replaceAll(text, replacement), all);
    });
  }

  test("refuses what cannot be matched in linear time, and what is too large", () => {
    for (const pattern of ["(?=a)", "(?<=a)b", "(a)\\1", "a{1001}", "((a{100}){100}){100}", "(", "*", "a".repeat(20_000)]) {
      assert.throws(() => compileRegex(pattern), RegexSyntaxError, pattern);
    }
  });

  test("names the cause of a syntax error", () => {
    assert.throws(() => compileRegex("a)b"), {
      name: "RegexSyntaxError",
      message: /unexpected \)/,
    });
  });

  test("hostile pairs of pattern and text end quickly", () => {
    const text = "a".repeat(50_000);
    const started = performance.now();
    for (const pattern of ["^(a+)+$", "(a|a)*b", "(.*)*=", "a+b", "^.*a.*b", "(a?){20}b", "(a{1,50})+b"]) {
      assert.equal(compileRegex(pattern).test(`${text}!`), false, pattern);
    }
    assert.ok(performance.now() - started < 5_000);
  });

  test("the longest text V8 is given costs milliseconds at most", () => {
    for (const pattern of ["^.*a.*b", "a+b", "^.*/m/(.+?):.*$", "^(/[a-z]+)*!"]) {
      for (const unit of ["a", "/m/", "/a"]) {
        const text = unit.repeat(1_000).slice(0, 500);
        const regex = compileRegex(pattern);
        regex.test(text);
        const started = performance.now();
        regex.test(text);
        assert.ok(performance.now() - started < 50, `${pattern} on ${unit}`);
      }
    }
  });
});

/** Patterns over a small alphabet, so that they match often. */
const patterns = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: "regex" },
    fc.constantFrom("a", "b", "ab", ".", "\\d", "\\s", "\\w", "[a-c]", "[^a]", "[^\\d]", "é", "k", "\\.", "[b-]", "^", "$", "\\b", ""),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => a + b),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(?:${a}|${b})`),
    tie("node").map((a) => `(${a})`),
    fc
      .tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "{1,}", "{0,2}"), fc.constantFrom("", "?"))
      .map(([a, sign, lazy]) => `(?:${a})${sign}${lazy}`),
    fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "{0,2}")).map(([a, sign]) => `(${a})${sign}`),
  ),
})).node;
const texts = fc.string({
  unit: fc.constantFrom("a", "b", "c", "1", " ", "\n", ".", "-", "é", "🐱", "K", "k", "\u212a", "\v", "\u2028"),
  maxLength: 10,
});

test("the two engines agree wherever V8 is used", () => {
  let compared = 0;
  const check = fc.property(fc.constantFrom("", "(?i)", "(?s)"), patterns, texts, (flags, body, text) => {
    const pattern = flags + body;
    if (analyseBacktracking(pattern) === undefined) return;
    let linear: RE2JS;
    try {
      linear = RE2JS.compile(pattern);
    } catch {
      return;
    }
    compared++;
    const regex = compileRegex(pattern);
    assert.equal(regex.test(text), linear.test(text), "test");
    assert.equal(regex.matchWhole(text), linear.testExact(text), "matchWhole");
    const matcher = linear.matcher(text);
    let expected = text;
    if (matcher.find()) {
      const groups = [1, 2].map((i) => (i <= linear.groupCount() ? (matcher.group(i) ?? "") : ""));
      expected = `${text.slice(0, matcher.start())}<${matcher.group(0)}|${groups.join("|")}>${text.slice(matcher.end())}`;
    }
    assert.equal(regex.replaceFirst(text, "<$0|$1|$2>"), expected, "replaceFirst");
  });
  fc.assert(check, { numRuns: 4_000, seed: 20261122 });
  assert.ok(compared > 1_500, `only ${compared} patterns were in the subset`);
});

test("any string compiles or is refused, and never hangs", () => {
  const anything = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from("ab(|)*+?{}[]^$.\\1,2")) }));
  fc.assert(
    fc.property(anything, fc.string(), (pattern, text) => {
      try {
        compileRegex(pattern).replaceAll(text, "$1");
      } catch (error) {
        assert.ok(error instanceof RegexSyntaxError, String(error));
      }
    }),
    { numRuns: 1_000, seed: 20261122 },
  );
});
