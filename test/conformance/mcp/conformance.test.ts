import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, test, type TestContext } from "node:test";
import { startTestGateway, type TestGateway } from "../../gateway-harness.ts";
import { expectedDifferences, expectedWithoutGateway, leftOut } from "./expected-failures.ts";
import {
  type Leg,
  type Requirements,
  requirementsOf,
  type Revision,
  startConformanceServer,
  type Status,
  testClient,
  testServer,
  type Verdicts,
} from "./suite.ts";

/** MCP's official conformance suite finds the same with the gateway in between as without. */

const revisions: readonly Revision[] = ["2025-11-25", "2026-07-28"];

// shows: mcp-conformance
describe("MCP conformance suite: the same directly and through the gateway", () => {
  for (const revision of revisions) {
    test(`server, ${revision}`, async (context) => {
      const [direct, through] = await Promise.all([serverRun(revision, false), serverRun(revision, true)]);
      judge(context, "server", revision, { direct, through });
    });
  }
  for (const revision of revisions) {
    test(`client, ${revision}`, async (context) => {
      const gateways = await startGateways();
      try {
        const [direct, through] = await Promise.all([clientRun(revision), clientRun(revision, gateways.url)]);
        judge(context, "client", revision, { direct, through });
      } finally {
        await gateways.close();
      }
    });
  }
});

async function serverRun(revision: Revision, throughGateway: boolean): Promise<Verdicts> {
  // Pages of other sites are refused by whatever the client speaks to.
  const server = await startConformanceServer(...(throughGateway ? ["unguarded"] : []));
  try {
    if (!throughGateway) return await testServer(server.url, revision);
    const gateway = await startTestGateway(`
mcp:
  port: 0
  dnsRebindingProtection: true
  targets:
  - {name: reference, mcp: {host: "${server.url}"}}
`);
    try {
      return await testServer(`${gateway.url()}/mcp`, revision);
    } finally {
      await gateway.close();
    }
  } finally {
    await server.close();
  }
}

/** One scenario after the other: some measure time. */
async function clientRun(revision: Revision, gateways?: string): Promise<Verdicts> {
  const all = new Map<string, Status>();
  const { scored, unscored } = wanted("client", revision);
  for (const scenario of [...scored, ...unscored]) {
    for (const [key, status] of await testClient(revision, scenario, gateways)) all.set(key, status);
  }
  return all;
}

/** Starts a gateway for each URL that is posted, and answers with the gateway's: the suite's servers have ports of their own. */
async function startGateways(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const started: TestGateway[] = [];
  const server = createServer(async (request, response) => {
    const gateway = await startTestGateway(`
mcp:
  port: 0
  targets:
  - {name: suite, mcp: {host: ${JSON.stringify(await text(request))}}}
`);
    started.push(gateway);
    response.end(`${gateway.url()}/mcp`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      for (const gateway of started) await gateway.close();
    },
  };
}

/** The set less what is left out. */
function wanted(leg: Leg, revision: Revision): Requirements {
  const stays = (scenario: string): boolean => explanation(`${leg}/${revision}/${scenario}/`, leftOut) === undefined;
  const { scored, unscored } = requirementsOf(leg, revision);
  return { scored: scored.filter(stays), unscored: unscored.filter(stays) };
}

interface Runs {
  readonly direct: Verdicts;
  readonly through: Verdicts;
}

function judge(context: TestContext, leg: Leg, revision: Revision, { direct, through }: Runs): void {
  const prefix = `${leg}/${revision}/`;
  const { scored, unscored } = wanted(leg, revision);
  context.diagnostic(table(prefix, { direct, through }, scored));

  for (const scenario of [...scored, ...unscored]) {
    assert.ok(keysOf(direct, `${prefix}${scenario}/`).length > 0, `${scenario} was not run`);
  }
  const bad = [...direct].filter(([, status]) => status === "FAILURE" || status === "WARNING").map(([key]) => key);
  assert.deepEqual(unexplained(bad, expectedWithoutGateway, prefix), [], "without the gateway");
  for (const scenario of scored) {
    assert.deepEqual(
      bad.filter((key) => key.startsWith(`${prefix}${scenario}/`)),
      [],
      "scored, without the gateway",
    );
  }

  const differing = [...new Set([...direct.keys(), ...through.keys()])].filter((key) => direct.get(key) !== through.get(key));
  const left = unexplained(differing, expectedDifferences, prefix);
  assert.deepEqual(
    left.map((key) => `${key}: ${direct.get(key) ?? "absent"} directly, ${through.get(key) ?? "absent"} through the gateway`),
    [],
  );
  const { scored: all, unscored: more } = requirementsOf(leg, revision);
  const omitted = [...all, ...more].map((scenario) => `${prefix}${scenario}/`).filter((key) => explanation(key, leftOut) !== undefined);
  assert.deepEqual(unexplained(omitted, leftOut, prefix), []);
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

/** The totals of each run, as the suite counts them: warnings and skipped checks are neither passed nor failed. */
function table(prefix: string, { direct, through }: Runs, scored: readonly string[]): string {
  const row = (cells: readonly (string | number)[]): string => cells.map((cell) => String(cell).padStart(9)).join("");
  const totals = (name: string, verdicts: Verdicts): string => {
    const count = (status: Status, keys: readonly string[]): number => keys.filter((key) => verdicts.get(key) === status).length;
    const all = [...verdicts.keys()];
    const required = scored.flatMap((scenario) => keysOf(verdicts, `${prefix}${scenario}/`));
    return row([name, count("SUCCESS", all), count("FAILURE", all), count("SUCCESS", required), count("FAILURE", required)]);
  };
  const head = row(["checks", "passed", "failed", "scored +", "scored -"]);
  return ["", head, totals("direct", direct), totals("through", through)].join("\n");
}
