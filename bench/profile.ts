import { globSync, readFileSync } from "node:fs";
import { type Case, loadedCases } from "./cases.ts";
import { byPart, type CpuProfile, type FunctionTime, inclusiveTimes, selfTimes, type Stretch } from "./cpu-profile.ts";
import { Bench } from "./measure.ts";

/**
 * Where Turnpike's CPU time goes in one case: `node bench/profile.ts <case> [seconds] [functions]`.
 * Prints microseconds per request, by part of the program and by function; the profiler itself adds to them.
 */

const [caseName = "passthrough", seconds = "5", shown = "45"] = process.argv.slice(2);

async function profile(kase: Case): Promise<string> {
  const bench = await Bench.open();
  try {
    const folder = bench.newFolder();
    const running = await bench.start("turnpike", kase, folder);
    if (running === undefined) throw new Error("nothing was started");
    const stretch = { from: 0, to: 0 };
    const window = {
      start: () => {
        stretch.from = microseconds();
      },
      end: () => {
        stretch.to = microseconds();
      },
    };
    const plan = { ...kase.traffic("turnpike", bench.upstreamPorts), port: running.port, connections: 64 };
    const full = await bench.fullLoad(plan, running, Number(seconds), window);
    await running.process.stop(); // which writes the profile
    const [file] = globSync(`${folder}/*.cpuprofile`);
    if (file === undefined) throw new Error("no profile was written: the process did not end by itself");
    const recorded = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
    const head = `${kase.name}: ${full.cpuMicrosecondsPerRequest.toFixed(1)} us CPU per request under the profiler, ${full.requestsPerSecond.toFixed(0)} requests/s`;
    return [head, ...tables(recorded, stretch, full.cpuMicrosecondsPerRequest)].join("\n");
  } finally {
    await bench.close();
  }
}

/** Microseconds per request: by part, by function alone, and our own functions with what they call. */
function tables(recorded: CpuProfile, stretch: Stretch, cpuPerRequest: number): string[] {
  const self = selfTimes(recorded, stretch);
  // samples are taken by the clock on the wall; on a busy machine they add up to more than the time on a core
  const sampled = self.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const line = (name: string, time: number): string => `${((time / sampled) * cpuPerRequest).toFixed(2).padStart(7)}  ${name}`;
  const lines = (times: readonly FunctionTime[]): string[] =>
    times.slice(0, Number(shown)).map(({ name, place, microseconds }) => line(`${name}  ${place}`, microseconds));
  return [
    "\nus/request by part",
    ...byPart(self).map(([part, time]) => line(part, time)),
    "\nus/request by function, itself alone",
    ...lines(self),
    "\nus/request of our functions with everything they call",
    ...lines(inclusiveTimes(recorded, stretch)),
  ];
}

function microseconds(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}

const cases = await loadedCases();
const found = cases.find(({ name }) => name === caseName);
if (found === undefined) {
  console.error(`no case "${caseName}"; there are ${cases.map(({ name }) => name).join(", ")}`);
  process.exitCode = 2;
} else console.log(await profile(found));
