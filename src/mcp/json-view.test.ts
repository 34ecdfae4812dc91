import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AmbiguousKey, insertMembers, JsonView, replace, setMembers, splice } from "./json-view.ts";

const view = (text: string): JsonView => new JsonView(Buffer.from(text));

test("a member is found at any depth, and the rest of the text stays as it is", () => {
  const text = ' { "params" : {"n": 12345678901234567890, "name":"a_b", "x":[{"name":"no"}]} } ';
  const name = view(text).member("params")?.member("name");
  assert.ok(name);
  assert.equal(splice(Buffer.from(text), [replace(name, '"b"')]).toString(), text.replace('"a_b"', '"b"'));
});

test("what is not there, or not an object, has no members", () => {
  assert.equal(view('{"a":1}').member("b"), undefined);
  for (const text of ["[1]", '"{}"', "null", "1"]) assert.equal(view(text).member("a"), undefined);
  assert.deepEqual(view('{"a":[1]}').elements(), []);
});

test("keys that other parsers would read elsewhere are refused", () => {
  for (const text of ['{"name":1,"name":2}', '{"name":1,"Name":2}', '{"NAME":2}', '{"n\\u0061me":1,"name":2}']) {
    assert.throws(() => view(text).member("name"), AmbiguousKey, text);
  }
  assert.equal(view('{"a":{"name":1},"name":2}').member("name")?.bytes.toString(), "2");
});

test("members are set where they stand, and added first", () => {
  const set = (text: string, members: Record<string, string>): string =>
    splice(Buffer.from(text), setMembers(view(text), members)).toString();
  assert.equal(set('{"a":1,"t":"old"}', { t: "new", u: "x" }), '{"u":"x","a":1,"t":"new"}');
  assert.equal(set("{ }", { t: "new" }), '{"t":"new" }');
  const text = '{"a":1}';
  assert.equal(splice(Buffer.from(text), [insertMembers(view(text), '"b":2')]).toString(), '{"b":2,"a":1}');
});

test("fuzz: replacing a member parses to the edited object, whatever is around it", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const keys = fc.string({ maxLength: 6 }).filter((key) => !/^(?:name|params|__proto__)$/i.test(key));
  const object = fc.dictionary(keys, json);
  fc.assert(
    fc.property(object, object, fc.string(), fc.string(), fc.nat(3), (outer, inner, name, renamed, indent) => {
      const message = { ...outer, params: { ...inner, name } };
      const bytes = Buffer.from(JSON.stringify(message, undefined, indent));
      const found = new JsonView(bytes).member("params")?.member("name");
      assert.ok(found);
      const edited: unknown = JSON.parse(splice(bytes, [replace(found, JSON.stringify(renamed))]).toString());
      assert.deepEqual(edited, JSON.parse(JSON.stringify({ ...outer, params: { ...inner, name: renamed } })));
    }),
    { numRuns: 500 },
  );
});

test("fuzz: in any JSON a member is what JSON.parse has there, or ambiguous; elements are those of the array", () => {
  const key = fc.constantFrom("a", "A", "b", "name", "Name", "n\\u0061me");
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.json({ maxDepth: 1 }),
      fc.array(tie("value"), { maxLength: 3 }).map((all) => `[ ${all.join(" ,\t")}\n]`),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((all) => `{ ${all.map(([name, of]) => `"${name}" :${of}`).join(", ")} }`),
    ),
  }));
  fc.assert(
    fc.property(value, (text) => {
      const parsed: unknown = JSON.parse(text);
      const elements = view(text).elements();
      assert.equal(elements.length, Array.isArray(parsed) ? parsed.length : 0);
      for (const [i, element] of elements.entries()) assert.deepEqual(JSON.parse(element.bytes.toString()), (parsed as unknown[])[i]);
      const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
      for (const name of ["a", "b", "name"]) {
        try {
          const member = view(text).member(name);
          assert.equal(member !== undefined, isObject && Object.hasOwn(parsed, name));
          if (member !== undefined) assert.deepEqual(JSON.parse(member.bytes.toString()), (parsed as Record<string, unknown>)[name]);
        } catch (thrown) {
          assert.ok(thrown instanceof AmbiguousKey, String(thrown));
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
