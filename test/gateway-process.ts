import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A gateway in a process of its own, started as an operator would. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly configFile: string;
  /** Standard output and error so far. */
  output(): string;
  /** Kilobytes of memory, from /proc/<pid>/status: VmRSS now, VmHWM at most so far. */
  memory(field: "VmRSS" | "VmHWM"): number;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  stop(): Promise<number | null>;
}

export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts `turnpike -f <file>` on the text. Does not wait until it is ready. */
export function startGatewayProcess(config: string, { args = [], environment = {} }: ProcessOptions = {}): GatewayProcess {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-test-"));
  const configFile = join(folder, "config.yaml");
  writeFileSync(configFile, config);
  const child = spawn(process.execPath, ["bin/turnpike.js", "-f", configFile, ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: folder, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => (output += text));
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  return {
    child,
    configFile,
    output: () => output,
    memory: (field) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0),
    exited,
    stop() {
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), 10_000);
      return exited.finally(() => clearTimeout(hard));
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Waits until a URL answers 200. Rejects when the process ends before, with what it said. */
export async function untilReady(url: string, gateway: GatewayProcess): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    if (gateway.child.exitCode !== null) throw new Error(`the gateway ended with ${gateway.child.exitCode}: ${gateway.output()}`);
    const ready = await fetch(url).then(
      (reply) => reply.status === 200,
      () => false,
    );
    if (ready) return;
    if (performance.now() > deadline) throw new Error(`not ready in time: ${gateway.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
