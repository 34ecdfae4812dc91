import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import { NotInstalled, type Running } from "./candidates/candidate.ts";
import { type Case, idleCases, loadedCases } from "./cases.ts";
import { Bench } from "./measure.ts";
import { isWanted, type Options, readOptions, usage } from "./options.ts";
import { toMarkdown } from "./report.ts";
import type { IdleSeries, LoadedSeries, Machine, Results, StartFigures } from "./results.ts";

/** `npm run bench`: starts what it measures, measures it in turns, prints Markdown and writes JSON. See README.md. */

interface Measured {
  readonly kase: Case;
  readonly series: LoadedSeries;
  readonly running: Running | undefined;
}

async function run(options: Options): Promise<Results> {
  const bench = await Bench.open();
  const remarks: string[] = [];
  try {
    const cases = await loadedCases();
    const measured = await startAll(bench, cases, options, remarks);
    await measureInTurns(bench, measured, options);
    for (const { running } of measured) await running?.process.stop();
    return {
      machine: describeMachine(bench),
      settings: { ...options, cases: options.cases.join(",") || "all", portkey: String(options.portkey) },
      loaded: measured.map(({ series }) => series),
      idle: await measureIdle(bench, options, remarks),
      start: isWanted(options, "start") ? await measureStarts(bench, cases[0] as Case, remarks) : undefined,
      remarks,
    };
  } finally {
    await bench.close();
  }
}

/** Starts one process for every candidate of every wanted case. Candidates that cannot start become remarks. */
async function startAll(bench: Bench, cases: readonly Case[], options: Options, remarks: string[]): Promise<Measured[]> {
  const measured: Measured[] = [];
  const anyLoaded = cases.some(({ name }) => isWanted(options, name));
  for (const kase of cases) {
    const { name: caseName, title, limit } = kase;
    for (const candidate of kase.candidates) {
      const unit = candidate === "nginx" && anyLoaded; // every ratio needs it
      if ((!isWanted(options, caseName) && !unit) || (candidate === "portkey" && !options.portkey)) continue;
      if (candidate === "direct" && options.latencySeconds === 0) continue;
      try {
        const running = await bench.start(candidate, kase);
        const series = { caseName, title, candidate, limit: candidate === "turnpike" ? limit : undefined, rounds: [], failure: undefined };
        measured.push({ kase, running, series });
      } catch (error) {
        if (!(error instanceof NotInstalled) && candidate !== "turnpike") throw error;
        remarks.push(error instanceof NotInstalled ? error.message : `${caseName}: turnpike did not start: ${reason(error)}`);
      }
    }
  }
  return measured;
}

/** Rounds A, B, C, A, B, C, ...: what disturbs the machine for a while then disturbs all alike. */
async function measureInTurns(bench: Bench, measured: readonly Measured[], options: Options): Promise<void> {
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const { kase, running, series } of measured) {
      if (series.failure !== undefined) continue;
      const traffic = kase.traffic(series.candidate, bench.upstreamPorts);
      const port = running?.port ?? (bench.upstreamPorts[0] as number);
      try {
        series.rounds.push(await bench.round({ ...traffic, port, connections: options.connections }, running, options));
      } catch (error) {
        series.failure = (error as Error).message;
      }
      progress(`round ${round}/${options.rounds} ${kase.name} ${series.candidate}: ${lastFigure(series)}`);
    }
  }
}

function lastFigure({ failure, rounds }: LoadedSeries): string {
  if (failure !== undefined) return `FAILED ${failure}`;
  const { full, fixed } = rounds[rounds.length - 1] ?? {};
  const parts = [];
  if (full !== undefined) parts.push(`${full.cpuMicrosecondsPerRequest.toFixed(1)} us CPU, ${full.requestsPerSecond.toFixed(0)}/s`);
  if (fixed !== undefined) parts.push(`p50 ${fixed.p50.toFixed(2)} ms, p99 ${fixed.p99.toFixed(2)} ms`);
  return parts.join("; ");
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

function describeMachine(bench: Bench): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    system: `${type()} ${release()}`,
    node: process.versions.node,
    pinning: bench.cores.description,
    date: new Date().toISOString(),
  };
}

/** The line of a long message that says what is wrong. */
function reason(error: unknown): string {
  const { message } = error as Error;
  const lines = message.split("\n");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? message;
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
  let options: Options;
  try {
    options = readOptions(words);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const results = await run(options);
  console.log(toMarkdown(results));
  progress(`written to ${save(results)}`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
