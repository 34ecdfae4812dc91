import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { canonicalMembers, canonicalNumber, objectOf, TooDeep } from "./canonical.ts";
import { readDefinition } from "./definition.ts";

const canonical = (text: string): string => objectOf(canonicalMembers(text).members);

/** JSON values whose numbers a double holds. */
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 5 }),
  ),
}));
const jsonObject = fc.dictionary(fc.string(), json, { maxKeys: 6 });

/** Another spelling of the same JSON: keys in another order, white space, escapes, numbers with zeros and exponents. */
function respell(value: unknown, next: () => number): string {
  const space = (): string => ["", " ", "\n", "\t ", ""][next() % 5] ?? "";
  if (typeof value === "string") return respellString(value, next);
  if (typeof value === "number") return respellNumber(value, next);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one) => space() + respell(one, next) + space()).join(",")}]`;
  const members = Object.entries(value).map((member) => [next(), member] as const);
  const shuffled = members.toSorted(([a], [b]) => a - b).map(([, member]) => member);
  return `{${shuffled.map(([key, one]) => `${space()}${respellString(key, next)}${space()}:${space()}${respell(one, next)}`).join(",")}${space()}}`;
}

function respellString(text: string, next: () => number): string {
  let written = "";
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    written += next() % 4 === 0 ? `\\u${code.toString(16).padStart(4, "0")}` : JSON.stringify(text[at]).slice(1, -1);
  }
  return `"${written}"`;
}

function respellNumber(value: number, next: () => number): string {
  const text = JSON.stringify(value);
  if (/e/.test(text)) return next() % 2 === 0 ? text.replace("e", "E") : text.replace("e", "00e").replace(/^(-?\d+)00e/, "$1.00e");
  const digits = text.includes(".") ? text : next() % 2 === 0 ? `${text}.0` : text;
  return next() % 2 === 0 ? digits : `${digits}${next() % 2 === 0 ? "e0" : "E+00"}`;
}

test("the same JSON has one canonical form, however it is spelled", () => {
  fc.assert(
    fc.property(jsonObject, fc.infiniteStream(fc.nat()), (value, stream) => {
      const other = respell(value, () => stream.next().value);
      assert.deepEqual(JSON.parse(other), JSON.parse(JSON.stringify(value)), "the test's own spelling");
      assert.equal(canonical(other), canonical(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});

test("the canonical form means what the text means, and is its own", () => {
  fc.assert(
    fc.property(jsonObject, (value) => {
      const form = canonical(JSON.stringify(value));
      assert.deepEqual(JSON.parse(form), JSON.parse(JSON.stringify(value)));
      assert.equal(canonical(form), form);
    }),
    { numRuns: 500 },
  );
});

test("different JSON has different forms", () => {
  fc.assert(
    fc.property(jsonObject, jsonObject, fc.string(), (a, b, key) => {
      const [one, other] = [JSON.stringify(a), JSON.stringify({ ...a, [key]: b })] as const;
      assert.equal(canonical(one) === canonical(other), isDeepStrictEqual(JSON.parse(one), JSON.parse(other)));
    }),
    { numRuns: 500 },
  );
});

test("numbers are told apart where a double would not", () => {
  for (const group of [
    ["1", "1.0", "10e-1", "0.1e1", "1E0", "1e+0", "1.00e000"],
    ["0", "-0", "0.000", "0e99"],
    ["-120", "-1.2e2", "-12e1"],
  ])
    assert.equal(new Set(group.map(canonicalNumber)).size, 1, group.join(" "));
  assert.notEqual(canonicalNumber("9007199254740993"), canonicalNumber("9007199254740992"));
  assert.notEqual(canonicalNumber(`1e${"9".repeat(30)}`), canonicalNumber(`1e${"9".repeat(31)}`));
});

test("a fingerprint has nothing to do with `_meta`, icons and the order of members, and all to do with the rest", () => {
  const tool = {
    name: "t",
    title: "T",
    description: "reads",
    inputSchema: { type: "object", properties: { a: { type: "string" }, b: {} } },
    outputSchema: { type: "object" },
    annotations: { readOnlyHint: true },
  };
  const fingerprint = (value: unknown, kind: "tool" | "prompt" = "tool"): string =>
    readDefinition(kind, Buffer.from(JSON.stringify(value))).fingerprint;
  const base = fingerprint(tool);
  assert.match(base, /^[0-9a-f]{64}$/);
  assert.equal(fingerprint({ _meta: { now: 1 }, icons: [], ...tool }), base);
  assert.equal(fingerprint(Object.fromEntries(Object.entries(tool).toReversed())), base);
  for (const change of [
    { name: "u" },
    { title: "U" },
    { description: "reads." },
    { inputSchema: {} },
    { outputSchema: {} },
    { annotations: { readOnlyHint: false } },
    { Description: "for readers that ignore case" },
  ])
    assert.notEqual(fingerprint({ ...tool, ...change }), base, JSON.stringify(change));
  assert.notEqual(fingerprint({ name: "p", arguments: [{ name: "a" }] }, "prompt"), fingerprint({ name: "p", arguments: [] }, "prompt"));
});

test("of a key that stands twice every value counts, as readers take one or the other", () => {
  const read = (text: string) => readDefinition("tool", Buffer.from(text));
  const one = read('{"name":"t","description":"good","description":"same"}');
  const other = read('{"name":"t","description":"evil","description":"same"}');
  assert.notEqual(one.fingerprint, other.fingerprint);
  assert.equal(one.unclear, "repeatedKeys");
  assert.equal(read('{"name":"t","inputSchema":{"a":1,"b":{"x":1,"x":2}}}').unclear, "repeatedKeys");
  assert.equal(read('{"name":"t","description":"a","DESCRIPTION":"b"}').unclear, "repeatedKeys");
  assert.equal(read('{"name":"t","description":"a"}').unclear, undefined);
});

test("nesting without end is not followed", () => {
  const deep = `{"name":"t","inputSchema":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assert.throws(() => canonicalMembers(deep), TooDeep);
  assert.equal(readDefinition("tool", Buffer.from(deep)).unclear, "tooDeep");
  assert.notEqual(
    readDefinition("tool", Buffer.from(deep)).fingerprint,
    readDefinition("tool", Buffer.from(deep.replace("t", "u"))).fingerprint,
  );
});
