import { describe, test } from "node:test";
import { judge, table, wanted } from "./judge.ts";
import { type Revision, revisions, type Status, testClient, type Verdicts } from "./suite.ts";
import { startGateways } from "./ways.ts";

// shows: mcp-conformance
describe("MCP conformance suite: a client of the gateway is the client that it is", () => {
  for (const revision of revisions) {
    test(revision, async (context) => {
      const gateways = await startGateways();
      try {
        const [directly, through] = await Promise.all([run(revision), run(revision, gateways.url)]);
        const findings = { directly, "one target": through };
        context.diagnostic(table("client", revision, findings));
        judge("client", revision, findings);
      } finally {
        await gateways.close();
      }
    });
  }
});

/** One scenario after the other: some measure time. */
async function run(revision: Revision, gateways?: string): Promise<Verdicts> {
  const all = new Map<string, Status>();
  const { scored, unscored } = wanted("client", revision);
  for (const scenario of [...scored, ...unscored]) {
    for (const [key, status] of await testClient(revision, scenario, gateways)) all.set(key, status);
  }
  return all;
}
