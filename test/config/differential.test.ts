import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { z } from "zod";
import { celExpression } from "../../src/cel/config-type.ts";
import { hostPort, hostnamePattern, isHost, listenAddress } from "../../src/contract/config/address.ts";
import { isPlainObject } from "../../src/contract/config/combinators.ts";
import { duration, parseDuration, positiveDuration } from "../../src/contract/config/duration.ts";
import { fileInlineOrRemote, httpUrl } from "../../src/contract/config/files.ts";
import { headerName, headerOrPseudoName, method } from "../../src/contract/config/http-names.ts";
import { regexPattern } from "../../src/contract/config/pattern.ts";
import { openSslName } from "../../src/config/schema/cipher-suites.ts";
import { document } from "../../src/config/schema/document.ts";
import { mcpServerAddress } from "../../src/config/schema/mcp-address.ts";
import { check } from "../../src/config/zod-issues.ts";
import { isLogLevel } from "../../src/telemetry/log/levels.ts";
import { deviations } from "./deviations.ts";
import type { Schema } from "./deviations.ts";

/**
 * Compares what our schema accepts with what the reference's JSON Schema accepts, on made-up documents: half of them
 * valid by construction, half of them spoilt in one place.
 */

const accepts = (schema: z.ZodType) => (value: string) => schema.safeParse(value).success;

/** Texts with a meaning: how to tell them, and some that pass. */
const formats: Readonly<Record<string, { readonly test: (value: string) => boolean; readonly examples: readonly string[] }>> = {
  cel: { test: accepts(celExpression()), examples: ["true", 'request.path == "/a"', "jwt.sub"] },
  "log-level": { test: isLogLevel, examples: ["info", "warn,request=debug", "mcp=trace"] },
  "cipher-suite": {
    test: (name) => openSslName(name) !== undefined,
    examples: ["TLS13_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  },
  delay: {
    test: (text) => parseDuration(text) !== undefined || accepts(celExpression())(text),
    examples: ["2s", "random() < 0.1 ? 500 : 0"],
  },
  duration: { test: accepts(duration()), examples: ["0s", "300ms", "1h30m"] },
  "positive-duration": { test: accepts(positiveDuration()), examples: ["1s", "1m30s"] },
  "host-port": { test: accepts(hostPort()), examples: ["localhost:8080", "[::1]:1"] },
  host: { test: isHost, examples: ["localhost", "10.0.0.1", "mcp.example.com"] },
  server: {
    test: (host) => accepts(mcpServerAddress("/mcp"))({ host } as unknown as string),
    examples: ["https://example.com/mcp", "localhost:3001"],
  },
  "listen-address": { test: accepts(listenAddress()), examples: ["off", "localhost:1", "unix:/run/a.sock", "0.0.0.0:15000"] },
  "http-url": { test: accepts(httpUrl()), examples: ["https://example.com/a?b"] },
  "base-url": { test: (text) => accepts(httpUrl())(text) && !/[?#]/.test(text), examples: ["https://example.com/v1"] },
  "session-key": { test: () => true, examples: ["0123456789abcdef".repeat(4)] },
  "key-hash": { test: () => true, examples: [`sha256:${"0123456789abcdef".repeat(4)}`] },
  header: { test: accepts(headerName()), examples: ["x-a", "Authorization"] },
  "pseudo-header": { test: accepts(headerOrPseudoName()), examples: ["x-a", ":path"] },
  method: { test: accepts(method()), examples: ["GET", "purge"] },
  re2: { test: accepts(regexPattern()), examples: ["^/a.*$", "[0-9]+"] },
  document: { test: accepts(fileInlineOrRemote()), examples: ['{"keys": []}', "openapi: 3.1.0"] },
  path: { test: () => true, examples: ["/", "/a/b"] },
  "hostname-pattern": { test: accepts(hostnamePattern()), examples: ["example.com", "*.example.com", "*"] },
  "target-name": {
    test: (text) => text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text) && !/\.[-.]|-\./.test(text),
    examples: ["a", "docs-1", "a.b"],
  },
  "model-pattern": { test: (text) => text !== "" && /^(\*?[^*]*|[^*]*\*)$/.test(text), examples: ["*", "gpt-*", "*-mini", "o3"] },
};

const reference = readReference();
const validate = compileReference();

function readReference(): Schema {
  const schema = JSON.parse(readFileSync(new URL("reference-schema.json", import.meta.url), "utf8")) as Schema;
  for (const { at, change, reason } of deviations) {
    for (const place of at) {
      const node = place.split("/").reduce<unknown>((value, step) => (value as Schema | undefined)?.[step], schema["$defs"]);
      assert.ok(isPlainObject(node), `no ${place} in the reference schema, for: ${reason}`);
      change(node as Schema);
    }
  }
  return JSON.parse(JSON.stringify(schema)) as Schema;
}

function compileReference(): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false });
  for (const [name, { test: validateText }] of Object.entries(formats)) ajv.addFormat(name, validateText);
  const integer = (minimum: number, maximum: number) => ({
    type: "number" as const,
    validate: (value: number) => value >= minimum && value <= maximum,
  });
  // What the reference's own types hold; beyond that its schema would accept what it cannot load.
  ajv.addFormat("uint", integer(0, Number.MAX_SAFE_INTEGER));
  ajv.addFormat("uint64", integer(0, Number.MAX_SAFE_INTEGER));
  ajv.addFormat("uint32", integer(0, 4_294_967_295));
  ajv.addFormat("uint16", integer(0, 65_535));
  ajv.addFormat("uint8", integer(0, 255));
  ajv.addFormat("int32", integer(-2_147_483_648, 2_147_483_647));
  ajv.addFormat("double", true);
  ajv.addFormat("const", true);
  ajv.addKeyword({
    keyword: "differByMoreThanCase",
    type: "object",
    validate: (_: boolean, value: object) => new Set(Object.keys(value).map((key) => key.toLowerCase())).size === Object.keys(value).length,
  });
  return ajv.compile(reference);
}

/** Our verdict, apart from what this version does not serve yet. */
function problems(tree: unknown): string[] {
  const result = check(document, tree);
  return "findings" in result
    ? result.findings.filter(({ kind }) => kind !== "not-yet").map(({ path, message }) => `${path.join(".")}: ${message}`)
    : [];
}

const maxDepth = 14;
const anyJson = fc.oneof(
  fc.constantFrom<unknown>(null, true, 1, 1.5, "", "a"),
  fc.constant([]),
  fc.constant({}),
  fc.constant({ a: { b: [1] } }),
);
const anyText = fc.constantFrom("", "a", "b-c", "X y", "*", "/x", "5s", "a:1");

/** Values that the schema accepts, mostly: what several keywords say together is not always met, and then filtered out. */
function values(schema: Schema | boolean, depth = 0): fc.Arbitrary<unknown> {
  if (typeof schema === "boolean" || Object.keys(schema).length === 0) return anyJson;
  if (typeof schema["$ref"] === "string") return values(definition(schema["$ref"]), depth);
  if (schema["const"] !== undefined) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  const alternatives = (schema["oneOf"] ?? schema["anyOf"]) as Schema[] | undefined;
  const own = schema["properties"] !== undefined ? objects(schema, depth) : undefined;
  if (alternatives !== undefined) {
    const chosen = pick(alternatives, depth).map((alternative) => values(alternative, depth));
    const choice = fc.oneof(...chosen);
    return own === undefined ? choice : fc.tuple(own, choice).map(([a, b]) => (isPlainObject(a) && isPlainObject(b) ? { ...a, ...b } : b));
  }
  return own ?? ofType(schema, depth);
}

/** Near the bottom only the alternatives that end there. */
function pick(alternatives: readonly Schema[], depth: number): readonly Schema[] {
  if (depth < maxDepth) return alternatives;
  const flat = alternatives.filter((alternative) => alternative["type"] !== "object" && alternative["$ref"] === undefined);
  return flat.length > 0 ? flat : alternatives.slice(0, 1);
}

function definition(ref: string): Schema {
  return (reference["$defs"] as Record<string, Schema>)[ref.slice("#/$defs/".length)] as Schema;
}

function ofType(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const types = [schema["type"]].flat() as string[];
  const byType: Readonly<Record<string, () => fc.Arbitrary<unknown>>> = {
    null: () => fc.constant(null),
    boolean: () => fc.boolean(),
    string: () => {
      const format = formats[String(schema["format"])];
      return format === undefined
        ? anyText
        : fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...format.examples) }, { weight: 1, arbitrary: anyText });
    },
    integer: () =>
      fc.integer({
        min: (schema["minimum"] as number | undefined) ?? -5,
        max: Math.min((schema["maximum"] as number | undefined) ?? 9, ((schema["minimum"] as number | undefined) ?? 0) + 9),
      }),
    number: () => fc.constantFrom(0, 0.5, 1),
    array: () =>
      fc.array(values((schema["items"] as Schema | undefined) ?? true, depth + 1), {
        minLength: (schema["minItems"] as number | undefined) ?? 0,
        maxLength: depth < maxDepth ? 2 : 1,
      }),
    object: () => objects(schema, depth),
  };
  const usable = types.flatMap((type) => byType[type]?.() ?? []);
  return usable.length === 0 ? anyJson : fc.oneof(...usable);
}

function objects(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
  const required = (schema["required"] ?? []) as string[];
  const optional = Object.keys(properties).filter((key) => !required.includes(key));
  const named = fc.subarray(optional, { maxLength: depth < maxDepth ? Math.min(optional.length, 3) : 0 }).chain((chosen) => {
    const entries = [...required, ...chosen].map((key) => [key, values(properties[key] ?? true, depth + 1)] as const);
    return fc.record(Object.fromEntries(entries));
  });
  const additional = schema["additionalProperties"];
  if (additional === undefined || additional === false || depth >= maxDepth) return named;
  const names = formats[String((schema["propertyNames"] as Schema | undefined)?.["format"])]?.examples ?? ["a", "b-c", "Some.key"];
  const others = fc.dictionary(fc.constantFrom(...names), values(additional as Schema, depth + 1), { maxKeys: 2 });
  return fc.tuple(others, named).map(([a, b]) => ({ ...a, ...b }));
}

/** One change somewhere in a document. */
interface Spoil {
  readonly at: number;
  readonly how: "add" | "remove" | "replace" | "rename" | "wrap" | "unwrap";
  readonly value: unknown;
}

const spoils = fc.record<Spoil>({
  at: fc.nat(),
  how: fc.constantFrom("add", "remove", "replace", "rename", "wrap", "unwrap"),
  value: anyJson,
});

function spoil(tree: unknown, { at, how, value }: Spoil): unknown {
  const copy = structuredClone(tree);
  const places: { holder: Record<string | number, unknown>; key: string | number }[] = [];
  const collect = (holder: unknown): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      places.push({ holder: holder as Record<string | number, unknown>, key });
      collect((holder as Record<string | number, unknown>)[key]);
    }
  };
  collect(copy);
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) return { spoilt: value };
  const { holder, key } = place;
  const old = holder[key];
  if (how === "replace") holder[key] = value;
  else if (how === "wrap") holder[key] = [old];
  else if (how === "unwrap") holder[key] = typeof old === "object" && old !== null ? (Object.values(old)[0] ?? null) : value;
  else if (Array.isArray(holder)) holder.push(value);
  else if (how === "add") holder["surplus"] = value;
  else {
    if (how === "rename") holder[`${key}x`] = holder[key];
    delete holder[key];
  }
  return copy;
}

const runs = { numRuns: 1500, seed: 20_260_821, endOnFailure: true };

const documents = values(reference);

test("documents that the reference's schema accepts are accepted here", () => {
  let accepted = 0;
  fc.assert(
    fc.property(documents, (tree) => {
      if (!validate(tree)) return;
      accepted += 1;
      assert.deepEqual(problems(tree), []);
    }),
    runs,
  );
  assert.ok(accepted > runs.numRuns / 4, `only ${accepted} documents were good for the comparison`);
});

test("documents spoilt in one place get the same verdict from both", () => {
  let refused = 0;
  fc.assert(
    fc.property(documents, spoils, (tree, change) => {
      const spoilt = spoil(tree, change);
      const expected = validate(spoilt);
      if (!expected) refused += 1;
      const found = problems(spoilt);
      assert.equal(
        found.length === 0,
        expected,
        `${expected ? "good" : "bad"} for the reference, here: ${found.join("; ") || "good"}\n${JSON.stringify(spoilt)}`,
      );
    }),
    runs,
  );
  assert.ok(refused > runs.numRuns / 4, `only ${refused} documents were bad`);
});
