import assert from "node:assert/strict";
import { test } from "node:test";
import { expandEnvironment } from "./text.ts";

const environment = { KEY: "secret", EMPTY: "", LINES: "a\nb", "1": "one", ÜBER: "ü" };

const cases: readonly (readonly [text: string, expanded: string])[] = [
  ["a: $KEY", "a: secret"],
  ["a: ${KEY}x", "a: secretx"],
  ["a: ${NONE:-b c}", "a: b c"],
  ["a: ${KEY:-b}", "a: secret"],
  ["a: ${EMPTY:-b}", "a: b"],
  ["a: '${EMPTY}'", "a: ''"],
  ["a: ${NONE:-}", "a: "],
  ["a: ${NONE:-$KEY}", "a: $KEY"],
  ["a: $$KEY $${1}", "a: $KEY ${1}"],
  ["a: $1", "a: one"],
  ["a: $ÜBER", "a: ü"],
  ["a: $", "a: $"],
  ["a: $-$ $.", "a: $-$ $."],
  ["a: ${KEY", "a: ${KEY"],
  ["$KEY: $KEY", "secret: secret"],
  ["a: $LINES", "a: a\nb"],
  ["# yaml-language-server: $schema=x\na: 1 # costs $5 and ${NONE}", "# yaml-language-server: $schema=x\na: 1 # costs $5 and ${NONE}"],
  ["a: '# $KEY'", "a: '# secret'"],
  ["a: |\n  # $KEY\n", "a: |\n  # secret\n"],
  ["a: x#$KEY", "a: x#secret"],
];

for (const [text, expanded] of cases) {
  test(`expands ${JSON.stringify(text)}`, () => {
    const result = expandEnvironment(text, environment);
    assert.equal(result.text, expanded);
    assert.deepEqual(result.missing, []);
  });
}

test("names every variable that is not set, where it is used", () => {
  const { missing } = expandEnvironment("a: $ONE\nb: ${TWO}\nc: $KEY # $THREE\nd: $ONE", environment);
  assert.deepEqual(missing, [
    { name: "ONE", offset: 3 },
    { name: "TWO", offset: 11 },
    { name: "ONE", offset: 38 },
  ]);
});

test("does not take inherited properties for variables", () => {
  assert.deepEqual(expandEnvironment("$toString ${constructor}", {}).missing, [
    { name: "toString", offset: 0 },
    { name: "constructor", offset: 10 },
  ]);
});

test("finds the way back from the expanded text to the original", () => {
  const original = "a: $LINES\nb: ${KEY}!\nc: d";
  const { text, toOriginal } = expandEnvironment(original, environment);
  assert.equal(text, "a: a\nb\nb: secret!\nc: d");
  assert.equal(toOriginal(text.indexOf("a: ")), 0);
  assert.equal(toOriginal(text.indexOf("\nb\n") + 1), original.indexOf("$LINES"));
  assert.equal(toOriginal(text.indexOf("b: ")), original.indexOf("b: "));
  assert.equal(toOriginal(text.indexOf("cret")), original.indexOf("${KEY}"));
  assert.equal(toOriginal(text.indexOf("!")), original.indexOf("!"));
  assert.equal(toOriginal(text.indexOf("d", text.indexOf("c:"))), original.length - 1);
  assert.equal(toOriginal(text.length), original.length);
});

test("takes time in proportion to the text", () => {
  const text = "${".repeat(500_000);
  assert.equal(expandEnvironment(text, {}).text, text);
});
