import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { alternativesOf, type ConfigKey, listKeys } from "../../src/config/compatibility.ts";
import { configJsonSchema, type JsonSchema, resolve } from "../../src/config/json-schema.ts";
import { marks } from "../../src/contract/config/combinators.ts";
import { authProofs } from "./effects/auth.ts";
import { provenElsewhere } from "./effects/elsewhere.ts";
import { guardrailProofs } from "./effects/guardrails.ts";
import { listenerProofs } from "./effects/listeners.ts";
import { llmProofs } from "./effects/llm.ts";
import { mcpProofs } from "./effects/mcp.ts";
import { placements } from "./effects/placements.ts";
import { processProofs } from "./effects/process.ts";
import type { Proof } from "./effects/proof.ts";
import { routeProofs } from "./effects/routes.ts";
import { telemetryProofs } from "./effects/telemetry.ts";

/**
 * No key is silently ignored: every key that the schema takes for served is shown to have an effect, here or by another
 * test that is named. A new key without a proof fails.
 */

const proofs: readonly Proof[] = [
  ...processProofs,
  ...authProofs,
  ...telemetryProofs,
  ...listenerProofs,
  ...routeProofs,
  ...mcpProofs,
  ...guardrailProofs,
  ...llmProofs,
  ...placements,
];

const root = configJsonSchema();
/** Every key that is served and is more than a map of others, as `Definition.path`. */
const served = new Set([...reachable()].flatMap((definition) => servedKeys(definition)));

/** The definitions that can be written somewhere: those of what is not served yet are not. */
function reachable(): Set<string> {
  const definitions = new Set<string>();
  listKeys(root, root, (definition) => {
    const isNew = !definitions.has(definition);
    definitions.add(definition);
    return isNew;
  });
  return definitions;
}

function servedKeys(definition: string): string[] {
  const keys = listKeys(root, root.$defs?.[definition] ?? {}, () => false).filter(({ status }) => status !== "not yet");
  const isInner = ({ path }: ConfigKey): boolean =>
    keys.some((other) => other.path.startsWith(`${path}.`) || other.path.startsWith(`${path}[]`));
  return keys
    .filter((key) => (!isInner(key) || hasOwnValue(key.schema)) && !hasOneValue(key.schema))
    .map(({ path }) => `${definition}.${path}`);
}

/** Whether a key may be written with a plain value instead of a map. */
function hasOwnValue(schema: JsonSchema): boolean {
  return [schema, ...alternativesOf(resolve(root, schema))].some(
    ({ type }) => type === "string" || type === "number" || type === "boolean",
  );
}

/** Whether only its default is served, so that there is nothing to show. */
function hasOneValue(schema: JsonSchema): boolean {
  const target = resolve(root, schema);
  const unserved = target[marks.notYetValues];
  if (!Array.isArray(unserved)) return false;
  const values = target.type === "boolean" ? [true, false] : (target.enum ?? []);
  return values.length - unserved.length === 1;
}

/** The keys that an entry of a proof stands for: `cors.*` is every one of the definition. */
function keysOf(entry: string): string[] {
  if (!entry.endsWith(".*")) return [entry];
  return [...served].filter((key) => key.startsWith(entry.slice(0, -1)));
}

describe("every key that is served has an effect", () => {
  for (const { shows, run } of proofs) it(shows, run);
});

describe("the list of proofs", () => {
  const proven = new Set([...proofs, ...provenElsewhere].flatMap(({ keys }) => keys.flatMap(keysOf)));

  it("has every key that is served", () => {
    const missing = [...served].filter((key) => !proven.has(key));
    assert.deepEqual(missing, [], "no proof that these keys have an effect: see test/compat/effects/");
  });

  it("has no key that is gone", () => {
    const all = new Set(
      Object.entries(root.$defs ?? {}).flatMap(([definition, part]) =>
        listKeys(root, part, () => false).flatMap(({ path, status }) => (status === "not yet" ? [] : [`${definition}.${path}`])),
      ),
    );
    assert.deepEqual(
      [...proven].filter((key) => !all.has(key)),
      [],
    );
  });

  for (const { keys, by } of provenElsewhere) {
    it(`is right about ${by.join(", ")}`, () => {
      const text = by.map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")).join("\n");
      const named = keys.flatMap(keysOf);
      assert.notEqual(named.length, 0);
      const unmentioned = named.filter((key) => !new RegExp(`\\b${key.split(".").at(-1)}\\b`).test(text));
      assert.deepEqual(unmentioned, [], "these keys do not occur there");
    });
  }
});
