import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { startTestGateway, type TestGateway } from "../../gateway-harness.ts";
import { startEverything, stdio } from "../../mcp/harness.ts";
import { type Revision, revisions, serverScript, startConformanceServer } from "./suite.ts";

/** An address at which the conformance server is reached, until it is closed. */
export interface Reached {
  readonly url: string;
  close(): Promise<void>;
}

export interface Way {
  readonly revisions: readonly Revision[];
  reach(): Promise<Reached>;
}

/** The ways to the conformance server: without the gateway, and through it. */
export const ways: Readonly<Record<string, Way>> = {
  directly: { revisions, reach: () => startConformanceServer() },
  "one target": {
    revisions,
    async reach() {
      const server = await startConformanceServer("unguarded");
      return through([remote("reference", server.url)], server);
    },
  },
  "several targets": {
    revisions,
    async reach() {
      const server = await startConformanceServer("unguarded");
      const other = await startEverything();
      return through([remote("reference", server.url), remote("other", `http://127.0.0.1:${other.port}/mcp`)], server, other);
    },
  },
  "a server with sessions": {
    revisions: ["2026-07-28"],
    async reach() {
      const server = await startConformanceServer("unguarded", "old");
      return through([remote("reference", server.url)], server);
    },
  },
  "a server without sessions": {
    revisions: ["2025-11-25"],
    async reach() {
      const server = await startConformanceServer("unguarded", "new");
      return through([remote("reference", server.url)], server);
    },
  },
  stdio: {
    revisions,
    reach: () => through([`{name: reference, stdio: ${stdio(serverScript, "stdio")}}`]),
  },
};

const remote = (name: string, url: string): string => `{name: ${name}, mcp: {host: ${JSON.stringify(url)}}}`;

/** A gateway in front of targets. It alone refuses pages of other sites: the servers behind it do not. */
async function through(targets: readonly string[], ...servers: readonly { close(): Promise<void> }[]): Promise<Reached> {
  // the suite knows the server's tools and prompts by their own names, which a lone target's keep anyway
  const mode = targets.length > 1 ? "prefixMode: never, " : "";
  const gateway = await startTestGateway(`mcp: {port: 0, dnsRebindingProtection: true, ${mode}targets: [${targets.join(", ")}]}`);
  return {
    url: `${gateway.url()}/mcp`,
    async close() {
      await gateway.close();
      for (const server of servers) await server.close();
    },
  };
}

/** Starts a gateway for each URL that is posted, and answers with the gateway's: the suite's servers have ports of their own. */
export async function startGateways(): Promise<Reached> {
  const started: TestGateway[] = [];
  const server = createServer(async (request, response) => {
    const gateway = await startTestGateway(`mcp: {port: 0, targets: [${remote("suite", await text(request))}]}`);
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
