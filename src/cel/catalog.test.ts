import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog } from "./catalog.ts";
import { compileExpression } from "./compile.ts";
import { closest } from "../base/closest.ts";
import { ReadSet } from "./read-set.ts";

const functions = catalog.families.flatMap((family) => family.functions);

test("every function says how it is written and what it does", () => {
  for (const { name, signature, summary } of functions) {
    assert.ok(new RegExp(`(?:^|[. ])${name.replaceAll(".", "\\.")}\\(`).test(signature), `${name}: ${signature}`);
    assert.match(summary, /^[^\s].*\.$/, name);
  }
  assert.ok(functions.length > 120);
});

test("the reference's own functions are all there", () => {
  const own =
    "json toJson unvalidatedJwtPayload with variables mapValues filterKeys merge flatten flattenRecursive base64.encode base64.decode url.encode url.decode form.encode form.decode sha1.encode sha256.encode md5.encode random default coalesce regexReplace fail uuid stripPrefix stripSuffix raw join split cookie redacted unredacted query addQuery setQuery ip cidr containsIP";
  const known = new Set(functions.map(({ name }) => name));
  assert.deepEqual(
    own.split(" ").filter((name) => !known.has(name)),
    [],
  );
});

test("every field of every variable can be written", () => {
  for (const { name, fields, summary } of catalog.roots) {
    assert.match(summary, /\.$/, name);
    for (const [field, description] of Object.entries(fields)) {
      assert.match(description, /\.$/, `${name}.${field}`);
      assert.deepEqual(compileExpression(`${name}.${field}`).warnings, []);
    }
  }
});

test("suggestions", () => {
  const names = ["endsWith", "startsWith", "size", "request"];
  const cases: [string, string | undefined][] = [
    ["endWith", "endsWith"],
    ["SIZE", "size"],
    ["requets", "request"],
    ["x", undefined],
    ["completely", undefined],
  ];
  for (const [given, expected] of cases) assert.equal(closest(given, names), expected, given);
});

test("read sets", () => {
  const set = new ReadSet(new Set(["request.body.x", "jwt"]), false);
  assert.deepEqual(
    ["request.body", "request", "jwt.sub", "request.path", "requests"].map((path) => set.reads(path)),
    [true, true, true, false, false],
  );
  assert.deepEqual(Array.from(set.roots), ["request", "jwt"]);
  const union = ReadSet.union([set, new ReadSet(new Set(["llm"]), true)]);
  assert.deepEqual([Array.from(union.paths), union.variables], [["request.body.x", "jwt", "llm"], true]);
});
