import { listKeys } from "../../src/config/compatibility.ts";
import type { ConfigKey } from "../../src/config/compatibility.ts";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { rewrites } from "../../src/config/old-names.ts";
import { deviations } from "../../test/config/deviations.ts";
import { table } from "./markdown.ts";

/** docs/reference/compatibility.md */
export function compatibilityPage(): string {
  const keys = allKeys();
  const count = (status: string): number => keys.filter((key) => key.status === status).length;
  return [
    "# Compatibility with agentgateway's configuration",
    "",
    "Turnpike reads the configuration language of agentgateway 1.4. A key that it does not serve yet is an error that names the",
    "key and its line; no key is ever ignored. This page is generated from the schema.",
    "",
    `Of ${keys.length} keys ${count("works")} work, ${count("not yet")} are not served yet (keys below them are not counted) and ${count("extension")} are`,
    "extensions of ours (`turnpike --validate-only --portable` lists those that a file uses).",
    "",
    "`[]` is an entry of a list, `*` any name. What can stand in several places is listed once; the others refer to it.",
    "",
    ...sections(keys),
    "## Old spellings",
    "",
    "Older versions of agentgateway, and texts about it, have other names for some keys. They work, with a warning.",
    "",
    table(["Old", "Taken as"], [...new Set(rewrites.map(({ key, places, now }) => `| \`${oldName(places, key)}\` | \`${now}\` |`))]),
    "",
    "## Where Turnpike accepts more or less on purpose",
    "",
    "A test compares both schemas on made-up documents. They agree except for this:",
    "",
    ...new Set(deviations.map(({ reason }) => `- ${reason}`)),
    "",
  ].join("\n");
}

/** Each definition is entered where it is met first. */
function allKeys(): ConfigKey[] {
  const schema = configJsonSchema();
  const entered = new Map<string, string>();
  const keys = listKeys(schema, schema, (definition, path) => {
    if (entered.has(definition)) return false;
    entered.set(definition, path);
    return true;
  });
  return keys.map((key) => {
    const definition = referredTo(key.schema);
    const first = definition === undefined ? undefined : entered.get(definition);
    const isElsewhere = first !== undefined && first.replace(/(\[\]|\.\*)$/, "") !== key.path && key.status !== "not yet";
    return isElsewhere ? { ...key, note: [key.note, `as \`${first}\``].filter(Boolean).join("; ") } : key;
  });
}

function referredTo(schema: ConfigKey["schema"]): string | undefined {
  const parts = [
    schema,
    schema.items,
    schema.additionalProperties,
    ...(schema.anyOf ?? []),
    ...(schema.anyOf ?? []).map((part) => part.items),
  ];
  const reference = parts.find((part) => typeof part === "object" && part.$ref !== undefined);
  return typeof reference === "object" ? reference.$ref?.slice("#/$defs/".length) : undefined;
}

function sections(keys: readonly ConfigKey[]): string[] {
  const bySection = Map.groupBy(keys, ({ path }) => /^\w+/.exec(path)?.[0] ?? path);
  return [...bySection].flatMap(([name, own]) => [
    `## ${name}`,
    "",
    table(
      ["Key", "Status", "Note"],
      own.map(({ path, status, note }) => `| \`${path}\` | ${status} | ${note} |`),
    ),
    "",
  ]);
}

function oldName(places: readonly string[], key: string): string {
  const parent = places[0]?.split(".").at(-1);
  return parent === undefined || parent === "*" || parent === "policies" ? key : `${parent}.${key}`;
}
