import { NotInstalled, type Running } from "./candidates/candidate.ts";
import type { CandidateName, Case } from "./cases.ts";
import type { Bench } from "./measure.ts";
import { isWanted, type Options } from "./options.ts";
import type { FullLoad, LoadedSeries } from "./results.ts";

/** The cases under load: everything is started first and then measured in turns, round by round. */

const warmUpSeconds = 2;

interface Member {
  readonly running: Running | undefined;
  readonly series: LoadedSeries;
}

/** A case with its candidates, started. */
interface Group {
  readonly kase: Case;
  readonly members: readonly Member[];
}

export interface Turns {
  readonly options: Options;
  readonly remark: (line: string) => void;
  readonly progress: (line: string) => void;
}

/** Starts every candidate of every wanted case, measures, and stops them. @param cases the first is nginx's own */
export async function measureLoaded(bench: Bench, cases: readonly Case[], turns: Turns): Promise<LoadedSeries[]> {
  const { options } = turns;
  const wanted = cases.filter(({ name }) => isWanted(options, name));
  const [unitCase] = cases;
  if (wanted.length === 0 || unitCase === undefined) return [];
  const unit = await started(bench, "nginx", unitCase, turns);
  const groups: Group[] = [];
  for (const kase of wanted) groups.push({ kase, members: await startMembers(bench, kase, unit, turns) });
  const measureUnit = async (): Promise<FullLoad | undefined> => {
    if (unit === undefined) return undefined;
    const plan = { ...unitCase.traffic("nginx", bench.upstreamPorts), port: unit.port, connections: options.connections };
    return bench.fullLoad(plan, unit, options.seconds);
  };
  await warmUp(bench, groups, turns);
  for (let round = 1; round <= options.rounds; round += 1) {
    const progress = (line: string): void => turns.progress(`round ${round}/${options.rounds} ${line}`);
    for (const group of groups) await measureGroup(bench, group, await measureUnit(), { ...turns, progress });
  }
  for (const running of [unit, ...groups.flatMap(({ members }) => members.map((member) => member.running))]) {
    if (running !== undefined && running.process.child.exitCode === null) await running.process.stop();
  }
  return groups.flatMap(({ members }) => members.map(({ series }) => series));
}

/** Full load for everybody once, unmeasured, so that the first round finds code as optimised as the last. */
async function warmUp(bench: Bench, groups: readonly Group[], { options, progress }: Turns): Promise<void> {
  for (const { kase, members } of groups) {
    for (const { running, series } of members) {
      if (running === undefined) continue;
      progress(`warming up ${kase.name} ${series.candidate}`);
      const plan = { ...kase.traffic(series.candidate, bench.upstreamPorts), port: running.port, connections: options.connections };
      await bench.fullLoad(plan, running, warmUpSeconds).catch((error: Error) => {
        series.failure = error.message;
      });
    }
  }
}

async function startMembers(bench: Bench, kase: Case, unit: Running | undefined, turns: Turns): Promise<Member[]> {
  const { options } = turns;
  const members: Member[] = [];
  for (const candidate of kase.candidates) {
    if ((candidate === "portkey" && !options.portkey) || (candidate === "direct" && options.latencySeconds === 0)) continue;
    const running = candidate === "nginx" ? unit : await started(bench, candidate, kase, turns);
    if (running === undefined && candidate !== "direct") continue;
    const { name: caseName, title, limit } = kase;
    const series = { caseName, title, candidate, limit: candidate === "turnpike" ? limit : undefined, rounds: [], failure: undefined };
    members.push({ running, series });
  }
  return members;
}

/** A candidate, running; when it cannot be started, undefined and a remark. */
async function started(bench: Bench, candidate: CandidateName, kase: Case, { remark }: Turns): Promise<Running | undefined> {
  try {
    return await bench.start(candidate, kase);
  } catch (error) {
    remark(error instanceof NotInstalled ? error.message : `${kase.name}: ${candidate} did not start: ${reason(error)}`);
    return undefined;
  }
}

/** All candidates of a case once, just after the unit they are compared with. */
async function measureGroup(
  bench: Bench,
  { kase, members }: Group,
  unit: FullLoad | undefined,
  { options, progress }: Turns,
): Promise<void> {
  for (const { running, series } of members) {
    if (series.failure !== undefined) continue;
    const port = running?.port ?? (bench.upstreamPorts[0] as number);
    const plan = { ...kase.traffic(series.candidate, bench.upstreamPorts), port, connections: options.connections };
    try {
      const full = series.candidate === "nginx" ? unit : running && (await bench.fullLoad(plan, running, options.seconds));
      const fixed =
        options.latencySeconds === 0
          ? undefined
          : await bench.fixedRate(plan, { ...options, rate: Math.min(options.rate, kase.rate ?? options.rate) });
      series.rounds.push({ full, fixed, unitCpuMicroseconds: unit?.cpuMicrosecondsPerRequest });
    } catch (error) {
      series.failure = (error as Error).message;
    }
    progress(`${kase.name} ${series.candidate}: ${lastFigures(series)}`);
  }
}

function lastFigures({ failure, rounds }: LoadedSeries): string {
  if (failure !== undefined) return `FAILED ${failure}`;
  const { full, fixed } = rounds.at(-1) ?? {};
  const parts = [];
  if (full !== undefined) parts.push(`${full.cpuMicrosecondsPerRequest.toFixed(1)} us CPU, ${full.requestsPerSecond.toFixed(0)}/s`);
  if (fixed !== undefined) parts.push(`p50 ${fixed.p50.toFixed(2)} ms, p99 ${fixed.p99.toFixed(2)} ms`);
  return parts.join("; ");
}

/** The line of a long message that says what is wrong. */
export function reason(error: unknown): string {
  const { message } = error as Error;
  const lines = message.split("\n");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? message;
}
