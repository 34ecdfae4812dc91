import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { alternatives, exactlyOne, extension, maybe, notYet, notYetValues } from "../contract/config/combinators.ts";
import { listKeys } from "./compatibility.ts";
import { configJsonSchema, toJsonSchema } from "./json-schema.ts";

const leg = z.strictObject({ length: z.number().optional() }).meta({ id: "Leg" });

const schema = toJsonSchema(
  z.strictObject({
    name: z.string(),
    gait: notYetValues(z.enum(["walk", "run", "fly"]), ["run", "fly"], "speed"),
    wings: maybe(notYet(z.array(z.strictObject({ span: z.number() })), "wings")),
    tails: z.array(notYet(leg, "tails")).optional(),
    legs: z.record(z.string(), leg),
    food: exactlyOne({ grass: z.strictObject({ colour: z.string() }), meat: notYet(z.string(), "hunting") }),
    home: alternatives([z.strictObject({ den: z.string() }), notYet(z.strictObject({ nest: z.string() }), "nests")]),
    fur: extension(z.boolean(), "fur"),
  }),
);

test("lists every key with its status; nothing below what is not served", () => {
  const keys = listKeys(schema, schema, () => true);
  assert.deepEqual(
    keys.map(({ path, status, note, required }) => [path, status, note, required]),
    [
      ["name", "works", "", true],
      ["gait", "works", "except `run`, `fly`", true],
      ["wings", "not yet", "wings", false],
      ["tails", "not yet", "tails", false],
      ["legs", "works", "", true],
      ["legs.*.length", "works", "", false],
      ["food", "works", "", true],
      ["food.grass", "works", "", false],
      ["food.grass.colour", "works", "", true],
      ["food.meat", "not yet", "hunting", false],
      ["home", "works", "", true],
      ["home.den", "works", "", false],
      ["home.nest", "not yet", "nests", false],
      ["fur", "extension", "fur", true],
    ],
  );
});

test("definitions are entered only where that is wanted", () => {
  const entered: string[] = [];
  const keys = listKeys(schema, schema, (definition, path) => {
    entered.push(`${definition} at ${path}`);
    return false;
  });
  assert.deepEqual(entered, ["Leg at legs.*"]);
  assert.equal(
    keys.some(({ path }) => path === "legs.*.length"),
    false,
  );
});

test("what this version promises to serve is served, and the rest is not", () => {
  const root = configJsonSchema();
  const statusOf = (definition: string): Map<string, string> =>
    new Map(listKeys(root, root.$defs?.[definition] ?? {}, () => false).map(({ path, status }) => [path, status]));
  assert.equal(statusOf("RoutePolicies").get("jwtAuth"), "works");
  assert.equal(statusOf("RoutePolicies").get("extAuthz"), "not yet");
  assert.equal(statusOf("RouteBackend").get("mcp"), "works");
  assert.equal(statusOf("RouteBackend").get("ai"), "works");
  assert.equal(statusOf("RouteBackend").get("ai.groups"), "not yet");
  assert.equal(statusOf("Llm").get("virtualModels"), "not yet");
});
