import assert from "node:assert/strict";
import { expectedFailures, leftOut } from "./expected-failures.ts";
import { type Leg, type Requirements, requirementsOf, type Revision, type Status, type Verdicts } from "./suite.ts";

/** What the suite found, by the way to the server; one of them is `directly`. */
export type Findings = Readonly<Record<string, Verdicts>>;

/** The set less what is left out. */
export function wanted(leg: Leg, revision: Revision): Requirements {
  const stays = (scenario: string): boolean => explanation(`${leg}/${revision}/${scenario}/`, leftOut) === undefined;
  const { scored, unscored } = requirementsOf(leg, revision);
  return { scored: scored.filter(stays), unscored: unscored.filter(stays) };
}

/** Asserts that each way ends as the direct one does, but for what is expected. */
export function judge(leg: Leg, revision: Revision, findings: Findings): void {
  const prefix = `${leg}/${revision}/`;
  const { directly = new Map<string, Status>(), ...ways } = findings;
  assertDirect(leg, revision, directly);
  for (const [way, verdicts] of Object.entries(ways)) {
    const keys = [...new Set([...directly.keys(), ...verdicts.keys()])];
    const differing = keys.filter((key) => directly.get(key) !== verdicts.get(key)).map((key) => `${way}/${key}`);
    const left = unexplained(differing, expectedFailures, `${way}/${prefix}`).map((key) => key.slice(way.length + 1));
    assert.deepEqual(
      left.map((key) => `${key}: ${directly.get(key) ?? "absent"} directly, ${verdicts.get(key) ?? "absent"} by way of ${way}`),
      [],
    );
  }
  const { scored, unscored } = requirementsOf(leg, revision);
  const omitted = [...scored, ...unscored].map((scenario) => `${prefix}${scenario}/`);
  unexplained(omitted, leftOut, prefix);
}

/** Without the gateway everything was run, and what is required passes. */
function assertDirect(leg: Leg, revision: Revision, verdicts: Verdicts): void {
  const prefix = `${leg}/${revision}/`;
  const { scored, unscored } = wanted(leg, revision);
  const missing = [...scored, ...unscored].filter((scenario) => keysOf(verdicts, `${prefix}${scenario}/`).length === 0);
  assert.deepEqual(missing, [], "scenarios that were not run");
  const bad = [...verdicts].filter(([, status]) => status === "FAILURE" || status === "WARNING").map(([key]) => key);
  const required = bad.filter((key) => scored.some((scenario) => key.startsWith(`${prefix}${scenario}/`)));
  assert.deepEqual(required, [], "required, and fails without the gateway");
  const failing = bad.map((key) => `directly/${key}`);
  assert.deepEqual(unexplained(failing, expectedFailures, `directly/${prefix}`), [], "fails without the gateway");
}

/** The entry of a list that a key begins with. */
function explanation(key: string, list: Readonly<Record<string, string>>): string | undefined {
  return Object.keys(list).find((entry) => key.startsWith(entry));
}

/** The keys that no entry of the list explains. Fails for entries under this prefix that explain none. */
function unexplained(keys: readonly string[], list: Readonly<Record<string, string>>, prefix: string): string[] {
  const stale = Object.keys(list).filter((entry) => entry.startsWith(prefix) && !keys.some((key) => key.startsWith(entry)));
  assert.deepEqual(stale, [], "entries of expected-failures.ts that nothing needs any more");
  return keys.filter((key) => explanation(key, list) === undefined);
}

const keysOf = (verdicts: Verdicts, prefix: string): string[] => [...verdicts.keys()].filter((key) => key.startsWith(prefix));

/** The totals of each way, as the suite counts them: warnings and skipped checks are neither passed nor failed. */
export function table(leg: Leg, revision: Revision, findings: Findings): string {
  const row = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(26)}${cells.map((cell) => String(cell).padStart(9)).join("")}`;
  const { scored } = wanted(leg, revision);
  const totals = ([way, verdicts]: [string, Verdicts]): string => {
    const count = (status: Status, keys: readonly string[]): number => keys.filter((key) => verdicts.get(key) === status).length;
    const all = [...verdicts.keys()];
    const required = scored.flatMap((scenario) => keysOf(verdicts, `${leg}/${revision}/${scenario}/`));
    return row(way, [count("SUCCESS", all), count("FAILURE", all), count("SUCCESS", required), count("FAILURE", required)]);
  };
  return ["", row(`${leg} ${revision}`, ["passed", "failed", "scored +", "scored -"]), ...Object.entries(findings).map(totals)].join("\n");
}
