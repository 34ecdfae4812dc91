import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { loadAndCompile } from "./load-and-compile.ts";

/**
 * Configurations as people write them, in configs/. What is to come of each is said in its first lines:
 *
 *   # expect: loads                  no error; warnings only where `warns` says so
 *   # expect: warns: PATH ...        a warning that begins like this
 *   # expect: not yet: PATH          an error that names this key as not supported yet, and no other errors
 *   # expect: fails: PATH: TEXT      another error that begins like this
 */

const folder = new URL("configs/", import.meta.url);

/** The expectations of one kind in a file's first lines. */
function expected(text: string, kind: string): string[] {
  return [...text.matchAll(/^# expect: (loads|warns|not yet|fails)(?:: (.*))?$/gm)].flatMap((match) =>
    match[1] === kind ? [match[2] ?? ""] : [],
  );
}

/** Checks that each begins like its expectation, in whatever order, and that there are no others. */
function assertBegin(found: readonly string[], beginnings: readonly string[]): void {
  const unexpected = found.filter((text) => !beginnings.some((beginning) => text.startsWith(beginning)));
  const missing = beginnings.filter((beginning) => !found.some((text) => text.startsWith(beginning)));
  assert.deepEqual({ unexpected, missing }, { unexpected: [], missing: [] });
}

for (const name of readdirSync(folder).toSorted()) {
  test(name, () => {
    const text = readFileSync(new URL(name, folder), "utf8");
    const loads = [...expected(text, "loads"), ...expected(text, "warns")].length > 0;
    const notYet = expected(text, "not yet");
    const fails = expected(text, "fails");
    assert.notEqual(loads, [...notYet, ...fails].length > 0, "says either that it loads or what fails");
    const { issues, warnings } = loadAndCompile(text);
    assert.deepEqual(
      issues
        .filter(({ kind }) => kind === "not-yet")
        .map(({ path }) => path)
        .toSorted(),
      notYet.toSorted(),
    );
    assertBegin(
      issues.filter(({ kind }) => kind !== "not-yet").map(({ path, message }) => `${path}: ${message}`),
      fails,
    );
    assertBegin(warnings, expected(text, "warns"));
    for (const { line, column } of issues) assert.ok(line >= 1 && column >= 1);
  });
}
