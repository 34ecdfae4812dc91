import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { exactlyOne, extension, maybe } from "../contract/config/combinators.ts";
import { filePath } from "../contract/config/files.ts";
import { findExtensions } from "./extensions.ts";
import { configJsonSchema, toJsonSchema } from "./json-schema.ts";
import { findFiles } from "./referenced-files.ts";

const schema = toJsonSchema(
  z.strictObject({
    routes: z.array(
      exactlyOne(
        { host: z.string(), magic: extension(z.strictObject({ wand: maybe(filePath()) }), "backends out of thin air") },
        { tag: maybe(extension(z.string(), "tags on routes")) },
      ),
    ),
    names: z.record(z.string(), extension(z.number(), "numbers by name")).optional(),
  }),
);

test("lists the keys of a document that only this gateway knows", () => {
  const tree = { routes: [{ host: "a" }, { host: "b", tag: "t" }, { magic: {}, tag: null }], names: { "a.b": 1 } };
  assert.deepEqual(findExtensions(tree, schema), [
    { path: "routes[1].tag", what: "tags on routes" },
    { path: "routes[2].magic", what: "backends out of thin air" },
    { path: "routes[2].tag", what: "tags on routes" },
    { path: 'names["a.b"]', what: "numbers by name" },
  ]);
});

test("lists the files of a document", () => {
  assert.deepEqual(findFiles({ routes: [{ magic: { wand: "a.pem" } }, { magic: { wand: "a.pem" } }, { host: "b.pem" }] }, schema), [
    "a.pem",
  ]);
});

test("passes over what does not fit the schema", () => {
  for (const tree of [null, 1, { routes: 5 }, { routes: [[], "x"] }, { other: { magic: 1 } }])
    assert.deepEqual(findExtensions(tree, schema), []);
});

test("the configuration's JSON Schema describes every section", () => {
  const { properties = {}, additionalProperties, $defs = {} } = configJsonSchema();
  assert.equal(additionalProperties, false);
  assert.deepEqual(
    Object.keys(properties).toSorted(),
    "backends binds config frontendPolicies gateways llm mcp policies routeGroups routes services tcpRoutes ui workloads".split(" "),
  );
  for (const [name, section] of Object.entries(properties)) assert.ok(section.description, `${name} has no description`);
  assert.deepEqual($defs["RouteBackend"]?.oneOf?.length, 10);
});
