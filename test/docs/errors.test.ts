import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorTable } from "../../src/contract/errors.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const codes = Object.keys(errorTable);

test("every error is on its page", () => {
  const page = readFileSync(join(root, "docs/reference/errors.md"), "utf8");
  assert.deepEqual(
    codes.filter((code) => !page.includes(`| \`${code}\` |`)),
    [],
  );
});

test("every error is given somewhere", () => {
  const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts") && file !== "src/contract/errors.ts");
  const source = files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  const isGiven = (code: string): boolean => source.includes(`"${code}"`) || source.includes(`errorTable.${code}`);
  assert.deepEqual(
    codes.filter((code) => !isGiven(code)),
    [],
  );
});
