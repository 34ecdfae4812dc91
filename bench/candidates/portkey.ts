import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePorts } from "../machine/ports.ts";
import { startProcess, waitFor } from "../machine/processes.ts";
import { answers, NotInstalled, type Running, type StartSettings } from "./candidate.ts";

const folder = fileURLToPath(new URL("../portkey", import.meta.url));
const script = `${folder}/node_modules/@portkey-ai/gateway/build/start-server.js`;

/** Portkey's open-source gateway, from a package of its own that is installed when it is first asked for. */
export async function startPortkey({ core }: StartSettings): Promise<Running> {
  if (!existsSync(script)) install();
  const [port] = (await freePorts(1)) as [number];
  const env = { NODE_ENV: "production" };
  const started = startProcess(process.execPath, [script, `--port=${port}`, "--headless"], { core, env });
  await waitFor(started, () => answers(port));
  return { process: started, port };
}

function install(): void {
  console.error("installing @portkey-ai/gateway under bench/portkey ...");
  try {
    // no scripts: its postinstall patches the gateway's development dependencies only
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 300_000,
    });
  } catch {
    throw new NotInstalled("npm ci failed under bench/portkey: Portkey is left out");
  }
}

/** Fields that point Portkey to an OpenAI-compatible server. */
export function portkeyHeaders(upstreamPort: number): Readonly<Record<string, string>> {
  return { "x-portkey-provider": "openai", "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1` };
}
