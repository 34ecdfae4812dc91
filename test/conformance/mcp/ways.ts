import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { startTestGateway, type TestGateway } from "../../gateway-harness.ts";
import { startEverything, stdio } from "../../mcp/harness.ts";
import type { Revision } from "./suite.ts";
import { serverScript, startConformanceServer } from "./suite.ts";

/** An address at which the conformance server is reached, until it is closed. */
export interface Reached {
  readonly url: string;
  close(): Promise<void>;
}

export interface Way {
  readonly revisions: readonly Revision[];
  reach(): Promise<Reached>;
}

const all: readonly Revision[] = ["2025-11-25", "2026-07-28"];

/** The ways to the conformance server: without the gateway, and through it. */
export const ways: Readonly<Record<string, Way>> = {
  directly: { revisions: all, reach: () => startConformanceServer() },
  "one target": {
    revisions: all,
    async reach() {
      const server = await startConformanceServer("unguarded");
      return through(`{name: reference, mcp: {host: "${server.url}"}}`, server);
    },
  },
  "several targets": {
    revisions: ["2025-11-25"],
    async reach() {
      const server = await startConformanceServer("unguarded");
      const other = await startEverything();
      const targets = `{name: reference, mcp: {host: "${server.url}"}}, {name: other, mcp: {host: "http://127.0.0.1:${other.port}/mcp"}}`;
      return through(targets, server, other);
    },
  },
  stdio: { revisions: ["2025-11-25"], reach: () => through(`{name: reference, stdio: ${stdio(serverScript, "stdio")}}`) },
};

/**
 * A gateway in front of targets. It alone refuses pages of other sites: the servers behind it do not. Names stay what they
 * are, which is what one target has anyway.
 */
async function through(targets: string, ...servers: readonly { close(): Promise<void> }[]): Promise<Reached> {
  const gateway = await startTestGateway(
    `mcp: {port: 0, dnsRebindingProtection: true, ${targets.includes("}, {") ? "prefixMode: never, " : ""}targets: [${targets}]}`,
  );
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
    const gateway = await startTestGateway(`mcp: {port: 0, targets: [{name: suite, mcp: {host: ${JSON.stringify(await text(request))}}}]}`);
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
