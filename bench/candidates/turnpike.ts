import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "../machine/ports.ts";
import { startProcess, waitFor } from "../machine/processes.ts";
import { answers, type Running, type StartSettings } from "./candidate.ts";

/** The part of a configuration that a case brings; ports of the process itself are added. */
export interface TurnpikeConfig {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly [section: string]: unknown;
}

export interface TurnpikeSettings extends StartSettings {
  /** @param port to listen on */
  readonly configure: (port: number, upstreamPorts: readonly number[]) => TurnpikeConfig;
  /** Options for Node itself, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

export interface RunningTurnpike extends Running {
  /** Milliseconds from starting the process to the first 200 from its readiness port. */
  readonly readyMs: number;
}

const launcher = fileURLToPath(new URL("../../bin/turnpike.js", import.meta.url));

/** bin/turnpike.js with a configuration file, as a user starts it. */
export async function startTurnpike(settings: TurnpikeSettings): Promise<RunningTurnpike> {
  const { upstreamPorts, core, folder, configure, nodeOptions = [] } = settings;
  const [port, admin, stats, readiness] = (await freePorts(4)) as [number, number, number, number];
  const { config, ...sections } = configure(port, upstreamPorts);
  const own = { adminAddr: `127.0.0.1:${admin}`, statsAddr: `127.0.0.1:${stats}`, readinessAddr: `127.0.0.1:${readiness}` };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "turnpike.json");
  writeFileSync(file, JSON.stringify({ config: { ...own, ...config }, ...sections }, undefined, 2));
  const startedAt = performance.now();
  const started = startProcess(process.execPath, [...nodeOptions, launcher, "-f", file], { core });
  await waitFor(started, () => answers(readiness, "/healthz/ready"), { everyMs: 2 });
  return { process: started, port, readyMs: performance.now() - startedAt };
}
