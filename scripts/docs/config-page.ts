import { alternativesOf, definitionName, listKeys } from "../../src/config/compatibility.ts";
import type { ConfigKey } from "../../src/config/compatibility.ts";
import { configJsonSchema, resolve } from "../../src/config/json-schema.ts";
import type { JsonSchema } from "../../src/config/json-schema.ts";
import { cell, table } from "./markdown.ts";

/** docs/reference/config.md */
export function configPage(): string {
  const root = configJsonSchema();
  const definitions = Object.entries(root.$defs ?? {});
  return [
    "# Configuration",
    "",
    "YAML or JSON. `$NAME`, `${NAME}` and `${NAME:-default}` stand for environment variables, `$$` for a dollar sign. Durations are",
    "written as in Go: `300ms`, `15s`, `1h30m`. CEL is explained in the [CEL reference](cel.md). This page is generated from the",
    "schema that the gateway checks with; `turnpike schema` prints that as JSON Schema for editors.",
    "",
    "`[]` is an entry of a list, `*` any name. A key in bold must be there.",
    "",
    ...section("The document", root, root),
    ...definitions.flatMap(([name, definition]) => section(name, definition, root)),
  ].join("\n");
}

function section(title: string, part: JsonSchema, root: JsonSchema): string[] {
  const keys = listKeys(root, part, () => false);
  const introduction = [part.description, forms(part)].filter((text) => text !== undefined);
  const rows = keys.map((key) => row(key, root));
  if (rows.length === 0 && introduction.length === 0) return [];
  return [
    `## ${title}`,
    "",
    ...introduction.flatMap((text) => [text, ""]),
    ...(rows.length === 0 ? [] : [table(["Key", "Value", "Default", ""], rows), ""]),
  ];
}

/** What a definition is when it is not simply a map. */
function forms(part: JsonSchema): string | undefined {
  if (part.oneOf !== undefined && part.properties !== undefined) {
    return `Exactly one of ${part.oneOf.flatMap(({ required = [] }) => required.map((key) => `\`${key}\``)).join(", ")}.`;
  }
  const text = valueText(part);
  return text === "map" || text === "" ? undefined : `Value: ${text}.`;
}

function row({ path, required, schema, status, note }: ConfigKey, root: JsonSchema): string {
  const name = required ? `**\`${path}\`**` : `\`${path}\``;
  const target = resolve(root, schema);
  const fallback = schema.default ?? target.default;
  const described = schema.description ?? target.description ?? "";
  const caveat = status === "works" ? note : `${status}: ${note}`;
  const text = [described, caveat === "" ? "" : `*(${caveat})*`].filter(Boolean).join(" ");
  return `| ${name} | ${cell(valueText(schema))} | ${fallback === undefined ? "" : cell(`\`${JSON.stringify(fallback)}\``)} | ${cell(text)} |`;
}

const formatNames: Readonly<Record<string, string>> = {
  cel: "CEL",
  "duration-go": "duration",
  "file-path": "path of a file",
  "host-port": "host:port",
  "listen-address": "address",
  re2: "regular expression",
};

/** The kind of value, in a few words. */
function valueText(node: JsonSchema): string {
  if (node.$ref !== undefined) return `[${definitionName(node)}](#${definitionName(node).toLowerCase()})`;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.properties !== undefined) return "map";
  const alternatives = alternativesOf(node)
    .flatMap((alternative) => valueText(alternative).split(" or "))
    .filter(Boolean);
  if (alternatives.length > 0) return [...new Set(alternatives)].join(" or ");
  if (node.items !== undefined) return `list of ${valueText(node.items) || "anything"}`;
  if (typeof node.additionalProperties === "object") return `map of ${valueText(node.additionalProperties) || "anything"}`;
  if (node.format !== undefined && formatNames[node.format] !== undefined) return formatNames[node.format] ?? "";
  return [node.type ?? []]
    .flat()
    .filter((type) => type !== "null")
    .map((type) => (type === "object" ? "map" : type))
    .join(" or ");
}
