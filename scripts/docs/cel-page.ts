import { catalog } from "../../src/cel/catalog.ts";
import { cell, table } from "./markdown.ts";

/** docs/reference/cel.md */
export function celPage(): string {
  return [
    "# CEL",
    "",
    "Expressions in the configuration are [CEL](https://cel.dev), with the functions of its standard library and those below. They are compiled",
    "when a configuration is loaded: a mistake in one is an error with its place. What is not there when an expression runs (a variable, a header,",
    "a claim) makes it fail. A rule that fails does not hold; a header or body that fails is left out; a log field or label that fails is empty.",
    "`has(x)` asks whether something is there, `default(x, other)` and `coalesce(...)` go on without it. This page is generated.",
    "",
    "## Variables",
    "",
    ...catalog.roots.flatMap(({ name, summary, fields, open }) => {
      const rows = Object.entries(fields).map(([field, text]) => `| \`${name}.${field}\` | ${cell(text)} |`);
      const more = open && rows.length > 0 ? ["", "Other fields are those of the data itself."] : [];
      return [`### ${name}`, "", summary, ...(rows.length === 0 ? [] : ["", table(["Field", ""], rows)]), ...more, ""];
    }),
    "## Functions and macros",
    "",
    ...catalog.families.flatMap(({ family, functions }) => [
      `### ${heading(family)}`,
      "",
      table(
        ["Function", ""],
        functions.map(({ signature, summary }) => `| \`${cell(signature)}\` | ${cell(summary)} |`),
      ),
      "",
    ]),
  ].join("\n");
}

function heading(family: string): string {
  return family.charAt(0).toUpperCase() + family.slice(1);
}
