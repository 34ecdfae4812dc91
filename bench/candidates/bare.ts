import { fileURLToPath } from "node:url";
import { freePorts } from "../machine/ports.ts";
import { startProcess, waitFor } from "../machine/processes.ts";
import { answers, type Running, type StartSettings } from "./candidate.ts";

/** ../bare-proxy.ts: what node:http and undici cost by themselves. */
export async function startBare({ upstreamPorts, core }: StartSettings): Promise<Running> {
  const [port] = (await freePorts(1)) as [number];
  const script = fileURLToPath(new URL("../bare-proxy.ts", import.meta.url));
  const started = startProcess(process.execPath, [script, String(port), String(upstreamPorts[0])], { core });
  await waitFor(started, () => answers(port));
  return { process: started, port };
}
