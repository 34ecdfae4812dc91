import { type ChildProcess, spawn } from "node:child_process";
import { processTree } from "./usage.ts";

/** Processes that the benchmark starts. Only these are ever ended, each by its own id. */

export interface StartOptions {
  readonly core: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** A channel for messages, for our own workers. */
  readonly ipc?: boolean;
}

export interface StartedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The last of what it wrote to standard error; standard output is thrown away. */
  readonly errors: () => string;
  /** SIGTERM, then SIGKILL for what still runs after five seconds. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
const keptErrorBytes = 4_096;
const stopDeadlineMs = 5_000;

process.on("exit", () => {
  for (const child of running) killTree(child);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

/** Starts a program, pinned to a core if there is one; taskset becomes the program, so the id is the program's. */
export function startProcess(program: string, programArguments: readonly string[], options: StartOptions): StartedProcess {
  const { core, env = {}, ipc = false } = options;
  const [command, ...rest] =
    core === undefined ? [program, ...programArguments] : ["taskset", "-c", String(core), program, ...programArguments];
  const child = spawn(command as string, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe", ...(ipc ? (["ipc"] as const) : [])],
    serialization: "advanced",
  });
  if (child.pid === undefined) throw new Error(`cannot start ${program}`);
  running.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      running.delete(child);
      resolve();
    });
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-keptErrorBytes);
  });
  return {
    pid: child.pid,
    child,
    errors: () => errors.trim(),
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => killTree(child), stopDeadlineMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Ends a process and those it started, such as nginx's worker, which would outlive its master. */
function killTree({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  for (const entry of processTree(pid)) {
    try {
      process.kill(entry.pid, "SIGKILL");
    } catch {
      // ended by itself meanwhile
    }
  }
}

/** Asks until the answer is true. Rejects after the deadline, or at once when the process has ended. */
export async function waitFor(
  what: StartedProcess,
  ready: () => Promise<boolean>,
  { deadlineMs = 20_000, everyMs = 25 } = {},
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await ready())) {
    if (what.child.exitCode !== null || what.child.signalCode !== null) throw new Error(`ended before it was ready: ${what.errors()}`);
    if (performance.now() > deadline) throw new Error(`not ready after ${deadlineMs} ms: ${what.errors()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
