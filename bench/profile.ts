import { globSync, readFileSync } from "node:fs";
import { type Case, loadedCases } from "./cases.ts";
import { byPart, type CpuProfile, type FunctionTime, selfTimes, type Stretch } from "./cpu-profile.ts";
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
    const options = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=200"];
    const running = await bench.start("turnpike", kase, options);
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
    const times = selfTimes(JSON.parse(readFileSync(file, "utf8")) as CpuProfile, stretch);
    return report(kase, times, { full, stretch });
  } finally {
    await bench.close();
  }
}

function report(
  kase: Case,
  times: readonly FunctionTime[],
  measured: { full: Awaited<ReturnType<Bench["fullLoad"]>>; stretch: Stretch },
): string {
  const { full, stretch } = measured;
  const requests = (full.requestsPerSecond * (stretch.to - stretch.from)) / 1e6;
  const perRequest = (time: number): string => (time / requests).toFixed(2).padStart(7);
  const head = `${kase.name}: ${full.cpuMicrosecondsPerRequest.toFixed(1)} us CPU per request under the profiler, ${full.requestsPerSecond.toFixed(0)} requests/s`;
  const parts = byPart(times).map(([part, time]) => `${perRequest(time)}  ${part}`);
  const functions = times.slice(0, Number(shown)).map(({ name, place, microseconds }) => `${perRequest(microseconds)}  ${name}  ${place}`);
  return [head, "", "us/request by part", ...parts, "", "us/request by function (self)", ...functions].join("\n");
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
