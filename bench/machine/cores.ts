import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Where processes run. A gateway gets a core to itself, so that its CPU time is not mixed with that of the programs that
 * load it; load and upstream share the other one.
 */
export interface Cores {
  /** Core of what is measured, and of what measures; undefined = wherever the system likes. */
  readonly candidate: number | undefined;
  readonly load: number | undefined;
  /** One sentence for the report. */
  readonly description: string;
}

/** Two different cores out of those this process may use, if `taskset` is there to pin to them. */
export function chooseCores(): Cores {
  const [first, second] = allowedCores();
  if (first === undefined || second === undefined) return unpinned("fewer than two cores: nothing is pinned, figures mix");
  if (!hasTaskset()) return unpinned("no taskset here: nothing is pinned");
  return { candidate: first, load: second, description: `candidates on core ${first}, load and upstream on core ${second}` };
}

function unpinned(description: string): Cores {
  return { candidate: undefined, load: undefined, description };
}

/** `Cpus_allowed_list` of proc_pid_status(5), e.g. `0-3,8`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readStatus())?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number);
    return from === undefined || to === undefined || Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

function readStatus(): string {
  try {
    return readFileSync("/proc/self/status", "utf8");
  } catch {
    return ""; // not Linux
  }
}

function hasTaskset(): boolean {
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
