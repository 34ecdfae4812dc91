import { spawnSync } from "node:child_process";
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
  /** Runs the sources under V8's profiler, which writes into that folder; else the launcher picks what to run. */
  readonly profileFolder?: string | undefined;
  /** Where V8's compiled code is kept between starts; else where Node likes. */
  readonly compileCache?: string;
}

export interface RunningTurnpike extends Running {
  /** Milliseconds from starting the process to the first 200 from its readiness port. */
  readonly readyMs: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Builds dist/, which is what users run and what bin/turnpike.js starts as long as no source is younger.
 * @returns why it could not be built; the sources run then
 */
export function buildTurnpike(): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/build.ts")], { cwd: root, encoding: "utf8" });
  return status === 0 ? undefined : `dist/ could not be built, so the sources were run: ${stderr.trim().slice(-300)}`;
}

/** Turnpike with a configuration file, as a user starts it. */
export async function startTurnpike(settings: TurnpikeSettings): Promise<RunningTurnpike> {
  const { upstreamPorts, core, folder, configure, profileFolder, compileCache } = settings;
  const [port, admin, stats, readiness] = (await freePorts(4)) as [number, number, number, number];
  const { config, ...sections } = configure(port, upstreamPorts);
  const own = { adminAddr: `127.0.0.1:${admin}`, statsAddr: `127.0.0.1:${stats}`, readinessAddr: `127.0.0.1:${readiness}` };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "turnpike.json");
  writeFileSync(file, JSON.stringify({ config: { ...own, ...config }, ...sections }, undefined, 2));
  const program =
    profileFolder === undefined
      ? [join(root, "bin/turnpike.js")]
      : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, "--cpu-prof-interval=500", join(root, "src/main.ts")];
  const env = compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache };
  const startedAt = performance.now();
  const started = startProcess(process.execPath, [...program, "-f", file], { core, env });
  await waitFor(started, () => answers(readiness, "/healthz/ready"), { everyMs: 2 });
  return { process: started, port, readyMs: performance.now() - startedAt };
}
