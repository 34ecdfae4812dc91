import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { requirements } from "./requirements.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The ids that tests cite, each with a file that does. */
function cited(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of globSync(["src/**/*.test.ts", "test/**/*.test.ts", "test/scenarios/*.yaml"], { cwd: root })) {
    if (file === "test/requirements.test.ts") continue;
    for (const [, ids] of readFileSync(`${root}/${file}`, "utf8").matchAll(/(?:\/\/|#) shows: ([a-z0-9-]+(?:, [a-z0-9-]+)*)$/gm)) {
      for (const id of (ids as string).split(", ")) found.set(id, file);
    }
  }
  return found;
}

test("every requirement is shown by a test, and tests cite no others", () => {
  const ids = requirements.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "an id is given twice");
  const found = cited();
  assert.deepEqual(
    ids.filter((id) => !found.has(id)),
    [],
    "requirements without a test",
  );
  assert.deepEqual(
    [...found].filter(([id]) => !ids.includes(id)),
    [],
    "ids that are no requirement",
  );
});
