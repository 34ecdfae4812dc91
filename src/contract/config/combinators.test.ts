import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import {
  alternatives,
  conditional,
  exactlyOne,
  extension,
  marks,
  maybe,
  notYet,
  notYetValues,
  oneSpelling,
  orDefault,
} from "./combinators.ts";

const messages = (schema: z.ZodType, value: unknown): string[] => schema.safeParse(value).error?.issues.map((issue) => issue.message) ?? [];
const input = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" });

test("maybe: null and absent are both undefined", () => {
  const schema = z.strictObject({ a: maybe(z.string()) });
  assert.equal(schema.parse({ a: null }).a, undefined);
  assert.equal(schema.parse({}).a, undefined);
  assert.equal(schema.parse({ a: "x" }).a, "x");
  assert.equal(schema.safeParse({ a: 1 }).success, false);
});

test("orDefault: null and absent are the default", () => {
  const schema = z.strictObject({
    a: orDefault(
      z.string().transform((text) => text.length),
      "four",
    ),
  });
  assert.equal(schema.parse({ a: null }).a, 4);
  assert.equal(schema.parse({}).a, 4);
  assert.equal(schema.parse({ a: "x" }).a, 1);
  assert.equal(
    input(schema).properties?.["a"] !== undefined && JSON.stringify(input(schema).properties).includes('"default":"four"'),
    true,
  );
});

test("notYet: a value is refused, and checked all the same", () => {
  const schema = z.strictObject({ a: maybe(notYet(z.strictObject({ b: z.number() }), "flying")) });
  assert.equal(schema.safeParse({}).success, true);
  assert.equal(schema.safeParse({ a: null }).success, true);
  const issues = (value: unknown) => JSON.stringify(schema.safeParse(value).error?.issues);
  assert.match(issues({ a: { b: 1 } }), /not supported yet: flying/);
  assert.match(issues({ a: { b: "x" } }), /not supported yet: flying.*|expected number/);
  assert.match(issues({ a: { b: "x" } }), /expected number/);
  assert.equal(JSON.stringify(input(schema)).includes(`"${marks.notYet}":"flying"`), true);
});

test("notYetValues: some values are refused", () => {
  const schema = notYetValues(z.enum(["walk", "fly"]).default("walk"), ["fly"], "flying");
  assert.equal(schema.parse(undefined), "walk");
  assert.equal(schema.parse("walk"), "walk");
  assert.deepEqual(messages(schema, "fly"), ["not supported yet: flying"]);
});

test("extension: leaves its mark", () => {
  assert.equal(input(extension(z.string(), "ours"))[marks.extension], "ours");
});

const transport = exactlyOne(
  { car: z.strictObject({ wheels: z.number() }), foot: z.null(), plane: notYet(z.string(), "flying") },
  { speed: z.number().default(1) },
);

test("exactlyOne: gives the key that was written as `kind`", () => {
  assert.deepEqual(transport.parse({ car: { wheels: 4 } }), { kind: "car", car: { wheels: 4 }, speed: 1 });
  assert.deepEqual(transport.parse({ foot: null, speed: 2 }), { kind: "foot", foot: null, speed: 2 });
});

test("exactlyOne: says what it needs, and leaves out what is not served", () => {
  assert.deepEqual(messages(transport, {}), ["needs exactly one of `car`, `foot`"]);
  assert.deepEqual(messages(transport, { car: { wheels: 4 }, foot: null }), [
    "needs exactly one of `car`, `foot`, but has `car` and `foot`",
  ]);
  assert.deepEqual(messages(transport, { car: { wheels: "x" }, foot: null }).length, 2);
  assert.deepEqual(messages(transport, "car"), ["Invalid input: expected object, received string"]);
});

test("exactlyOne: its JSON Schema says the same", () => {
  assert.deepEqual(input(transport)["oneOf"], [{ required: ["car"] }, { required: ["foot"] }, { required: ["plane"] }]);
});

test("oneSpelling: two spellings of one key are one too many", () => {
  const schema = oneSpelling(z.strictObject({ colour: maybe(z.string()), color: maybe(z.string()) }), [["colour", "color"]]);
  assert.equal(schema.safeParse({ colour: "red" }).success, true);
  assert.deepEqual(messages(schema, { colour: "red", color: "red" }), ["is the same as `colour`; keep one"]);
  assert.equal(messages(schema, { colour: 1, color: "red" }).length, 2);
});

const policy = conditional(z.string(), (extra) => z.strictObject({ limit: z.number().optional(), ...extra }));

test("conditional: the plain form is one branch without condition", () => {
  assert.deepEqual(policy.parse({ limit: 1 }), [{ limit: 1 }]);
  assert.deepEqual(policy.parse({}), [{}]);
});

test("conditional: branches keep their order and conditions", () => {
  assert.deepEqual(policy.parse({ conditional: [{ condition: "a", limit: 1 }, { limit: 2 }] }), [
    { condition: "a", limit: 1 },
    { limit: 2 },
  ]);
  assert.equal(policy.safeParse({ condition: "a", limit: 1 }).success, false);
  assert.equal(policy.safeParse({ conditional: Array.from({ length: 65 }, () => ({ condition: "a" })) }).success, false);
});

test("alternatives: an unknown key does not make an alternative the right one", () => {
  const schema = alternatives([z.strictObject({ a: z.number().optional() }), z.strictObject({ b: z.number() })]);
  const issue = schema.safeParse({ b: "x" }).error?.issues[0];
  assert.equal(issue?.code, "invalid_union");
});
