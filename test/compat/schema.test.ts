import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { schema } from "../../src/commands/schema.ts";
import { listKeys } from "../../src/config/compatibility.ts";
import { configJsonSchema, resolve } from "../../src/config/json-schema.ts";

/** What editors get from `turnpike schema`. */

const root = configJsonSchema();
const printed = JSON.parse(schema()) as Readonly<Record<string, unknown>>;

describe("the schema for editors", () => {
  it("describes every key that is served", () => {
    const parts = [["", root] as const, ...Object.entries(root.$defs ?? {})];
    const silent = parts.flatMap(([name, part]) =>
      listKeys(root, part, () => false).flatMap((key) => {
        const isDescribed = key.schema.description !== undefined || resolve(root, key.schema).description !== undefined;
        return isDescribed || key.status === "not yet" ? [] : [`${name}.${key.path}`];
      }),
    );
    assert.deepEqual(silent, []);
  });

  it("says of a key or value that is not served that it is not", () => {
    const definitions = printed["$defs"] as Readonly<Record<string, { properties: Readonly<Record<string, { description: string }>> }>>;
    const descriptionOf = (definition: string, key: string): string => definitions[definition]?.properties[key]?.description ?? "";
    assert.match(descriptionOf("RoutePolicies", "extAuthz"), /\(Not supported yet: external authorization\.\)$/);
    assert.match(descriptionOf("ConfigSection", "database"), /\(Not supported yet: a database\.\)$/);
    assert.match(descriptionOf("Bind", "mode"), /\(Not supported yet: `internal`\.\)$/);
    assert.match(descriptionOf("mcpAuthentication", "requiredScopes"), /\(Only Turnpike has this\.\)$/);
    assert.doesNotMatch(descriptionOf("RoutePolicies", "cors"), /supported/);
  });

  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(printed);
  const folder = new URL("configs/", import.meta.url);
  for (const name of readdirSync(folder)) {
    const text = readFileSync(new URL(name, folder), "utf8");
    if (/^# expect: warns: \S*(?:jwksUrl|config\.port)/m.test(text)) continue; // old spellings are not in the schema: nobody is to learn them
    it(`takes ${name}`, () => assert.equal(validate(parse(text)), true, JSON.stringify(validate.errors)));
  }

  it("refuses a key that does not exist", () => assert.equal(validate({ mcp: { targets: [], prot: 1 } }), false));
});
