import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { repeatedKey } from "./json-keys.ts";

const found = (json: string, depth = 1): string | undefined => repeatedKey(Buffer.from(json), depth);

test("a key that an object has twice is found at every depth, however it is written", () => {
  for (const json of ['{"a":1,"a":2}', '{"x":[{"b":{"a":1,"a":2}}]}', '{"a":1,"\\u0061":2}', '{"a" :1,"a"\n:2}', '[{},{"a":"\\"","a":0}]'])
    assert.equal(found(json), "a", json);
});

test("equal keys of different objects, and texts that look like keys, are none", () => {
  for (const json of [
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a":"\\"a\\":1","b":"a"}',
    '["a","a"]',
    '{"x":"{\\"a\\":1,\\"a\\":2}"}',
    '"a"',
    "1",
  ])
    assert.equal(found(json), undefined, json);
});

test("case does not count in the outer objects, and counts further in", () => {
  assert.equal(found('{"name":1,"Name":2}'), "Name");
  assert.equal(found('{"p":{"name":1,"NAME":2}}', 2), "NAME");
  assert.equal(found('{"p":{"name":1,"NAME":2}}', 1), undefined);
});

test("any data that JSON.stringify wrote has none, and adding a member again gives one", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.string(), (json, key) => {
      assert.equal(found(json, 0), undefined);
      const member = `${JSON.stringify(key)}:${json}`;
      assert.equal(found(`{${member},"other${key.length}":[],${member}}`, 0), key);
    }),
  );
});
