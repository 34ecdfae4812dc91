import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import { buildTurnpike } from "./candidates/turnpike.ts";
import { type Case, idleCases, loadedCases } from "./cases.ts";
import { cpuSeconds, machineSeconds } from "./machine/usage.ts";
import { Bench } from "./measure.ts";
import { isWanted, type Options, readOptions, usage } from "./options.ts";
import { toMarkdown } from "./report.ts";
import type { IdleSeries, Machine, Results, StartFigures } from "./results.ts";
import { measureLoaded, reason } from "./turns.ts";

/** `npm run bench`: starts what it measures, measures it in turns, prints Markdown and writes JSON. See README.md. */

async function run(options: Options): Promise<Results> {
  const otherWork = watchOtherWork();
  const bench = await Bench.open();
  const remarks = [buildTurnpike() ?? []].flat();
  try {
    const cases = await loadedCases();
    const turns = { options, progress, remark: (line: string) => void remarks.push(line) };
    return {
      loaded: await measureLoaded(bench, cases, turns),
      idle: await measureIdle(bench, options, remarks),
      start: isWanted(options, "start") ? await measureStarts(bench, cases[0] as Case, remarks) : undefined,
      remarks,
      machine: describeMachine(bench, otherWork()),
      settings: { ...options, cases: options.cases.join(",") || "all", portkey: String(options.portkey) },
    };
  } finally {
    await bench.close();
  }
}

async function measureIdle(bench: Bench, options: Options, remarks: string[]): Promise<IdleSeries[]> {
  const found: IdleSeries[] = [];
  for (const kase of idleCases) {
    if (!isWanted(options, kase.name)) continue;
    for (const candidate of kase.candidates) {
      progress(`${kase.name} ${candidate}`);
      try {
        found.push(await bench.idle(kase, candidate));
      } catch (error) {
        remarks.push(`${kase.name} ${candidate}: ${reason(error)}`);
      }
    }
  }
  return found;
}

async function measureStarts(bench: Bench, kase: Case, remarks: string[]): Promise<StartFigures | undefined> {
  progress("start");
  try {
    return await bench.starts(kase);
  } catch (error) {
    remarks.push(`start: ${reason(error)}`);
    return undefined;
  }
}

/** @returns the share of all cores that was not ours since */
function watchOtherWork(): () => number {
  const startedAt = performance.now();
  const others = (): number => machineSeconds() - cpuSeconds(process.pid);
  const before = others();
  return () => Math.max(0, (others() - before) / ((performance.now() - startedAt) / 1_000) / cpus().length);
}

function describeMachine(bench: Bench, otherWork: number): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    system: `${type()} ${release()}`,
    node: process.versions.node,
    pinning: bench.cores.description,
    otherWork,
    date: new Date().toISOString(),
  };
}

function progress(line: string): void {
  console.error(line);
}

function save(results: Results): string {
  const folder = fileURLToPath(new URL("results", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const name = `${results.machine.date.replaceAll(/[:.]/g, "-")}.json`;
  writeFileSync(`${folder}/${name}`, JSON.stringify(results, undefined, 2));
  return `bench/results/${name}`;
}

async function main(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    console.log(usage);
    return 0;
  }
  if (process.platform !== "linux") {
    console.error("the benchmark reads CPU time and memory from /proc: Linux only");
    return 2;
  }
  let options: Options;
  try {
    options = readOptions(words);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  try {
    const results = await run(options);
    console.log(toMarkdown(results));
    progress(`written to ${save(results)}`);
    return 0;
  } catch (error) {
    console.error(`the benchmark broke off: ${(error as Error).message}`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2))); // which also ends what is left of the processes
