import { fileURLToPath } from "node:url";
import { freePorts } from "../machine/ports.ts";
import { startProcess, waitFor } from "../machine/processes.ts";
import { answers, type Running, type StartSettings } from "./candidate.ts";
import { type McpServers, mcpTargets } from "./turnpike-configs.ts";

/** ../sdk-proxy.ts: the same servers behind a proxy that is written with the official SDK. */
export async function startSdkProxy({ upstreamPorts, core }: StartSettings, servers: McpServers): Promise<Running> {
  const [port] = (await freePorts(1)) as [number];
  const script = fileURLToPath(new URL("../sdk-proxy.ts", import.meta.url));
  const targets = mcpTargets(servers, upstreamPorts).map(({ name, url }) => `${name}=${url}`);
  const form = servers.path.endsWith("/sse") ? "sse" : "json";
  const env = { NODE_ENV: "production" };
  const started = startProcess(process.execPath, [script, String(port), form, ...targets], { core, env });
  await waitFor(started, () => answers(port));
  return { process: started, port };
}
