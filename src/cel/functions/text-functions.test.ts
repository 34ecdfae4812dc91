import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { checkCases, fails, Fails } from "../../../test/conformance/cel/check-cases.ts";
import { codePointLength, quoteText, trimSpace, unitIndex } from "./text.ts";

describe("texts are counted in code points", () => {
  test("without and with characters beyond U+FFFF", () => {
    assert.deepEqual([codePointLength(""), codePointLength("abc"), codePointLength("a🐱b")], [0, 3, 3]);
    assert.deepEqual([unitIndex("a🐱b", 2), unitIndex("a🐱b", 9), unitIndex("abc", 2)], [3, 4, 2]);
    assert.equal(trimSpace(" \u00a0\u2003 a b\u0085\n"), "a b");
    assert.equal(trimSpace("\ufeffa"), "\ufeffa");
    assert.equal(quoteText('a"\\\n\ud800'), '"a\\"\\\\\\n\ufffd"');
  });
});

describe("strings", () => {
  checkCases([
    ["size('é🐱')", 2],
    ["'é🐱x'.charAt(1)", "🐱"],
    ["'abc'.charAt(3)", ""],
    ["'abc'.charAt(4)", new Fails("out of range")],
    ["'é🐱x🐱'.indexOf('🐱', 2)", 3],
    ["'abc'.indexOf('c', 4)", fails],
    ["'é🐱x🐱'.lastIndexOf('🐱')", 3],
    ["'é🐱x🐱'.lastIndexOf('🐱', 2)", 1],
    ["'é🐱x'.substring(1, 2)", "🐱"],
    ["'abc'.substring(2, 1)", new Fails("starts at 2")],
    ["'abc'.substring(-1)", fails],
    ["'a-b-c'.replace('-', '+')", "a+b+c"],
    ["'a-b-c'.replace('-', '+', 1)", "a+b-c"],
    ["'ab'.replace('', '_')", "_a_b_"],
    ["''.replace('', '_')", "_"],
    ["'a,b,c'.split(',')", ["a", "b", "c"]],
    ["'a,b,c'.split(',', 2)", ["a", "b,c"]],
    ["'a,b,c'.split(',', 0)", []],
    ["'a🐱'.split('')", ["a", "🐱"]],
    ["['a', 'b'].join('-')", "a-b"],
    ["['a', 1].join('-')", fails],
    ["'ÄbC'.lowerAscii() + 'äbC'.upperAscii()", "ÄbcäBC"],
    ["'  x '.trim()", "x"],
    ["'anthropic/claude'.stripPrefix('anthropic/')", "claude"],
    ["'claude'.stripPrefix('anthropic/')", "claude"],
    ["'a.json'.stripSuffix('.json')", "a"],
    ["'abc'.reverse()", "cba"],
    ["'abc'.contains(1)", new Fails("no such overload: contains(string, int)")],
    ["'a' < 'b' && 'Z' < 'a' && '\\uffff' < '🐱'", true],
    ["strings.quote('a\\n')", '"a\\n"'],
    ["strings.quote(1)", fails],
  ]);
});

describe("format", () => {
  checkCases([
    ["'%s has %d%%'.format(['x', 5])", "x has 5%"],
    ["'%s'.format([{'b': 1, 'a': [true, null, b'x']}])", "{a: [true, null, x], b: 1}"],
    ["'%s'.format([type(1)])", "int"],
    ["'%s'.format([optional.none()])", fails],
    ["'%.2f %.0f %f'.format([0.125, 2.5, 1])", "0.12 2 1.000000"],
    ["'%.1f'.format([1e21])", "1000000000000000000000.0"],
    ["'%.2e'.format([12345.678])", "1.23e+04"],
    ["'%x %X %o %b'.format([255, 'az', 8, true])", "ff 617A 10 1"],
    ["'%d'.format(['a'])", new Fails("%d cannot show")],
    ["'%s'.format([])", new Fails("missing")],
    ["'%y'.format([1])", new Fails("unknown formatting clause")],
    ["'50%'.format([])", fails],
    ["'%s'.format('a')", fails],
  ]);
});

describe("patterns", () => {
  checkCases(
    [
      ["'hubba'.matches('ubb')", true],
      ["matches('hubba', '^ubb')", false],
      ["s.matches(p)", true],
      ["s.matches(bad)", new Fails("pattern is invalid")],
      ["s.matches(long)", new Fails("1024 characters")],
      ["s.matches(1)", fails],
      ["1.0.matches('x')", fails],
      ["'/id/1234/data'.regexReplace('/id/[0-9]*/', '/id/{id}/')", "/id/{id}/data"],
      ["'a1b2'.regexReplace('[0-9]', '#')", "a#b2"],
      ["'blah id=1234 bar'.regexReplace('id=(.+?) ', '[$1] ')", "blah [1234] bar"],
      ["s.regexReplace(p, '<${0}>')", "x-<12>-34"],
      ["s.regexReplace('(?P<n>\\\\d)(\\\\d)', s)", "x-x-12-34-34"],
      ["s.regexReplace(bad, '')", fails],
      ["s.regexReplace('a', 1)", fails],
    ],
    { s: "x-12-34", p: "\\d+", bad: "(?=x)", long: "a".repeat(2_000) },
  );
});
