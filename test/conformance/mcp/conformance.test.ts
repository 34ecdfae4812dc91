import { describe, test } from "node:test";
import { judge, table, wanted } from "./judge.ts";
import { type Revision, type Status, testClient, testServer, type Verdicts } from "./suite.ts";
import { startGateways, type Way, ways } from "./ways.ts";

/** MCP's official conformance suite finds the same with the gateway in between as without. */

const revisions: readonly Revision[] = ["2025-11-25", "2026-07-28"];

// shows: mcp-conformance
describe("MCP conformance suite: the same directly and through the gateway", () => {
  for (const revision of revisions) {
    test(`server, ${revision}`, async (context) => {
      const taken = Object.entries(ways).filter(([, way]) => way.revisions.includes(revision));
      const found = await Promise.all(taken.map(async ([name, way]) => [name, await serverRun(way, revision)] as const));
      const findings = Object.fromEntries(found);
      context.diagnostic(table("server", revision, findings));
      judge("server", revision, findings);
    });
  }
  for (const revision of revisions) {
    test(`client, ${revision}`, async (context) => {
      const gateways = await startGateways();
      try {
        const [directly, through] = await Promise.all([clientRun(revision), clientRun(revision, gateways.url)]);
        const findings = { directly, "one target": through };
        context.diagnostic(table("client", revision, findings));
        judge("client", revision, findings);
      } finally {
        await gateways.close();
      }
    });
  }
});

async function serverRun(way: Way, revision: Revision): Promise<Verdicts> {
  const reached = await way.reach();
  try {
    return await testServer(reached.url, revision);
  } finally {
    await reached.close();
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
