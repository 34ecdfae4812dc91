import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a process and all its descendants have used, from proc_pid_stat(5). Linux only. */

const ticksPerSecond = systemSetting("CLK_TCK");
const pageBytes = systemSetting("PAGESIZE");

/** CPU seconds, user and system, of the whole tree so far; children that have ended count too. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const { fields } of processTree(pid)) {
    // fields are counted from the state, field 3: utime 14, stime 15, and cutime 16, cstime 17 of children waited for
    for (const field of [14, 15, 16, 17]) ticks += Number(fields[field - 3]);
  }
  return ticks / ticksPerSecond;
}

/** Seconds that all processors together have worked so far, whoever for; proc_stat(5). */
export function machineSeconds(): number {
  const [user = 0, nice = 0, system = 0] = readFileSync("/proc/stat", "latin1").split("\n", 1)[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  return (user + nice + system) / ticksPerSecond;
}

/** Resident memory of the tree, bytes. Pages that the processes share count once for each. */
export function residentBytes(pid: number): number {
  let pages = 0;
  for (const { fields } of processTree(pid)) pages += Number(fields[24 - 3]);
  return pages * pageBytes;
}

interface ProcessEntry {
  readonly pid: number;
  /** Of its stat, from the state on. */
  readonly fields: readonly string[];
}

/** A process and all its descendants that run now, the process first. */
export function processTree(root: number): ProcessEntry[] {
  const byParent = new Map<number, ProcessEntry[]>();
  const tree: ProcessEntry[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isNaN(pid)) continue;
    const fields = statOf(pid);
    if (fields === undefined) continue;
    if (pid === root) tree.push({ pid, fields });
    const parent = Number(fields[1]);
    byParent.set(parent, [...(byParent.get(parent) ?? []), { pid, fields }]);
  }
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of byParent.get(pid) ?? []) {
      tree.push(child);
      open.push(child.pid);
    }
  }
  return tree;
}

/** The fields after the program's name, which may hold spaces and parentheses itself. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined; // it ended while we were looking
  }
}

function systemSetting(name: string): number {
  return Number(execFileSync("getconf", [name], { encoding: "utf8" }));
}
