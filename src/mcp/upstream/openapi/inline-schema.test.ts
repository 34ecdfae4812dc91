import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { JsonObject } from "../../../base/json.ts";
import type { OpenApiDocument } from "./document.ts";
import { SchemaInliner } from "./inline-schema.ts";

function inline(schema: unknown, schemas: JsonObject = {}, dialect: OpenApiDocument["dialect"] = "3.1", budget = 100_000): unknown {
  return new SchemaInliner({ root: { components: { schemas } }, dialect }, budget).inline(schema);
}

const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

test("references become what they refer to, wherever they stand", () => {
  const A = { type: "string", maxLength: 3 };
  for (const keyword of ["items", "not", "additionalProperties", "contains", "if"]) {
    assert.deepEqual(inline({ [keyword]: ref("A") }, { A }), { [keyword]: A });
  }
  for (const keyword of ["allOf", "anyOf", "oneOf", "prefixItems"])
    assert.deepEqual(inline({ [keyword]: [ref("A"), true] }, { A }), { [keyword]: [A, true] });
  for (const keyword of ["properties", "patternProperties", "dependentSchemas"]) {
    assert.deepEqual(inline({ [keyword]: { $ref: ref("B") } }, { A, B: ref("A") }), { [keyword]: { $ref: A } });
  }
  assert.deepEqual(
    inline({ enum: [ref("A")], default: ref("A") }, { A }),
    { enum: [ref("A")], default: ref("A") },
    "values are no schemas",
  );
  assert.deepEqual(inline({ $ref: "#/components/schemas/a~1b%20c" }, { "a/b c": A }), A);
});

test("a schema inside itself is cut, in any length of circle", () => {
  const schemas = {
    A: { properties: { b: ref("B") } },
    B: { items: ref("A") },
    C: ref("C"),
    D: { properties: { x: ref("E"), y: ref("E") } },
    E: {},
  };
  assert.deepEqual(inline(ref("A"), schemas), { properties: { b: { items: { description: "Another A, as described around it." } } } });
  assert.deepEqual(inline(ref("C"), schemas), { description: "Another C, as described around it." });
  assert.deepEqual(inline(ref("D"), schemas), { properties: { x: {}, y: {} } }, "twice is no circle");
});

test("what was cut forbids nothing", () => {
  const schemas = { A: { oneOf: [{ type: "string" }, { items: ref("A") }], not: ref("A"), if: ref("A"), else: false } };
  assert.deepEqual(inline(ref("A"), schemas), {
    anyOf: [{ type: "string" }, { items: { description: "Another A, as described around it." } }],
    else: false,
  });
  const cut = inline(
    { additionalProperties: false, properties: Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`p${i}`, {}])) },
    {},
    "3.1",
    300,
  );
  assert.equal((cut as JsonObject)["additionalProperties"], undefined);
});

test("references that lead nowhere, or elsewhere, allow everything and are noted", () => {
  const inliner = new SchemaInliner({ root: {}, dialect: "3.1" }, 10_000);
  for (const reference of ["#/gone", "other.yaml#/A", "http://127.0.0.1/a", "#/constructor", "#anchor"]) {
    assert.deepEqual(Object.keys(inliner.inline({ $ref: reference }) as JsonObject), ["description"]);
  }
  assert.equal(inliner.missing.size, 5);
});

test("3.0: nullable, exclusive bounds and examples become JSON Schema 2020-12", () => {
  const upgraded = (schema: JsonObject): unknown => inline(schema, { A: { type: "object" } }, "3.0");
  assert.deepEqual(upgraded({ type: "string", nullable: true, enum: ["a"] }), { type: ["string", "null"], enum: ["a", null] });
  assert.deepEqual(upgraded({ type: "string", nullable: false }), { type: "string" });
  assert.deepEqual(upgraded({ nullable: true, allOf: [ref("A")] }), { anyOf: [{ allOf: [{ type: "object" }] }, { type: "null" }] });
  assert.deepEqual(upgraded({ nullable: true }), {});
  assert.deepEqual(upgraded({ minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: false }), {
    exclusiveMinimum: 1,
    maximum: 2,
  });
  assert.deepEqual(upgraded({ example: 1, discriminator: {}, xml: {}, externalDocs: {}, "x-a": 1 }), { examples: [1] });
  assert.deepEqual(upgraded({ ...ref("A"), description: "Own.", maxProperties: 1 }), { type: "object", description: "Own." });
});

test("3.1: schemas stay as they are; keywords beside a reference hold too", () => {
  const schema = {
    type: ["string", "null"],
    const: 1,
    exclusiveMinimum: 3,
    prefixItems: [{}],
    unevaluatedProperties: false,
    examples: [1],
  };
  assert.deepEqual(inline(schema), schema);
  assert.deepEqual(inline({ $schema: "x", $id: "y", $defs: { a: {} }, $comment: "z", title: "t" }), { title: "t" });
  const A = { type: "object", description: "Its." };
  assert.deepEqual(inline({ ...ref("A"), description: "Own." }, { A }), { type: "object", description: "Own." });
  assert.deepEqual(inline({ ...ref("A"), maxProperties: 1 }, { A }), { allOf: [A, { maxProperties: 1 }] });
});

test("properties that only replies have are left out", () => {
  const schemas = { Id: { type: "integer", readOnly: true } };
  assert.deepEqual(inline({ properties: { id: ref("Id"), a: {} }, required: ["id", "a", "b"] }, schemas), {
    properties: { a: {} },
    required: ["a", "b"],
  });
});

test("a schema that multiplies itself is cut at the budget, quickly", () => {
  const schemas = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`L${i}`, { properties: { a: ref(`L${i + 1}`), b: ref(`L${i + 1}`), c: ref(`L${i + 1}`) } }]),
  );
  const size = JSON.stringify(inline(ref("L0"), schemas, "3.1", 50_000)).length;
  assert.ok(size > 10_000 && size < 400_000, String(size));
});

test("what the original allows, the inlined one allows", () => {
  const name = fc.constantFrom("A", "B", "C");
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom({ type: "string" }, { type: "integer" }, {}, true, { enum: [1, "a", null] }),
      name.map(ref),
      fc.record({ not: tie("schema") }),
      fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ type: fc.constant("array"), items: tie("schema") }),
      fc.record({ properties: fc.dictionary(fc.constantFrom("a", "b"), tie("schema")), additionalProperties: fc.boolean() }),
      fc.record({ if: tie("schema"), else: tie("schema") }),
    ),
  }));
  const value = fc.jsonValue({ maxDepth: 2 });
  fc.assert(
    fc.property(schema, schema, schema, schema, value, (root, A, B, C, sample) => {
      const schemas = { A, B, C };
      const ajv = new Ajv2020({ strict: false, validateSchema: false });
      let original: boolean;
      try {
        original = ajv.validate({ allOf: [root], components: { schemas } }, sample);
      } catch {
        return; // a schema that refers to itself at once means nothing
      }
      if (original) assert.ok(new Ajv2020({ strict: false }).validate(inline(root, schemas) as object, sample));
    }),
    { numRuns: 100 },
  );
});
