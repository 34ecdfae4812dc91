import { describe, test } from "node:test";
import { judge, table } from "./judge.ts";
import { revisions, testServer, type Revision, type Verdicts } from "./suite.ts";
import { type Way, ways } from "./ways.ts";

// shows: mcp-conformance
describe("MCP conformance suite: a server behind the gateway is the server that it is", () => {
  for (const revision of revisions) {
    test(revision, async (context) => {
      const taken = Object.entries(ways).filter(([, way]) => way.revisions.includes(revision));
      const found = await Promise.all(taken.map(async ([name, way]) => [name, await run(way, revision)] as const));
      const findings = Object.fromEntries(found);
      context.diagnostic(table("server", revision, findings));
      judge("server", revision, findings);
    });
  }
});

async function run(way: Way, revision: Revision): Promise<Verdicts> {
  const reached = await way.reach();
  try {
    return await testServer(reached.url, revision);
  } finally {
    await reached.close();
  }
}
