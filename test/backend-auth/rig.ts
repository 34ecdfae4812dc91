import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { GatewayMetrics } from "../../src/contract/metrics.ts";
import type { NamedBackend, OwnPolicies, UpstreamAddress } from "../../src/contract/runtime.ts";
import { createUpstream } from "../../src/upstream/pool.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { testContext, type TestContext } from "../policy-harness.ts";
import { encoded } from "../tokens.ts";

/** A policy's context whose calls reach real servers, on a clock that is told the time. `asked` = the policies wanted around calls. */
export function callingContext(
  files: Readonly<Record<string, string>> = {},
): TestContext & { readonly asked: (OwnPolicies | undefined)[]; close(): void } {
  const asked: (OwnPolicies | undefined)[] = [];
  const upstreams: { close(): void }[] = [];
  const metrics = { upstreamCalled: () => {}, upstreamConnected: () => {} } as unknown as GatewayMetrics;
  const backend = (reference: unknown, own?: OwnPolicies): NamedBackend => {
    asked.push(own);
    const { host } = reference as { host: UpstreamAddress };
    const settings = { connectTimeoutMs: 5_000, idleTimeoutMs: 5_000, maxIdle: undefined, keepAlive: undefined };
    const upstream = createUpstream(host, settings, { clock: context.clock, metrics });
    upstreams.push(upstream);
    return { names: { name: "sts", type: "static", protocol: "http" }, send: upstream.send, settings: [host, own?.policies] };
  };
  const context = testContext({ files, backend });
  return Object.assign(context, { asked, close: () => upstreams.forEach((upstream) => upstream.close()) });
}

/** A backend that notes what reaches it. */
export interface HeaderServer {
  readonly host: string;
  readonly seen: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
  status: number;
  close(): void;
}

export async function startHeaderServer(): Promise<HeaderServer> {
  const seen: HeaderServer["seen"] = [];
  const server: Server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", headers: request.headers });
    request.resume().on("end", () => response.writeHead(started.status, { "content-type": "application/json" }).end("{}"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const started: HeaderServer = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    status: 200,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return started;
}

/** A gateway with one route, whose `backendAuth` is the one given. */
export function gatewayWith(backendAuth: unknown, backend: string, more: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
  const route = { backends: [{ host: backend, policies: { backendAuth } }] };
  return startTestGateway(JSON.stringify({ binds: [{ port: 0, listeners: [{ routes: [{ ...route, ...more }] }] }] }));
}

/** A token in JWT form that nobody signed. */
export function unsigned(claims: Readonly<Record<string, unknown>>): string {
  return `${encoded({ alg: "none" })}.${encoded(claims)}.c2ln`;
}
