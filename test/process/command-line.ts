import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** How a command that ends by itself ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Standard input. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The Node that is asked to run bin/turnpike.js; this one when absent. */
  readonly node?: string;
}

/** Milliseconds after which a command that should have ended is killed; its code is then null. */
const longestMs = 30_000;

/** Runs `turnpike` with these arguments, in the root of the repository, until it ends. */
export function turnpike(
  args: readonly string[],
  { input = "", environment = {}, node = process.execPath }: CommandOptions = {},
): Promise<Ended> {
  const child = spawn(node, ["bin/turnpike.js", ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: tmpdir(), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const hard = setTimeout(() => child.kill("SIGKILL"), longestMs);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {}); // one that ends without reading closes its end
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.once("close", (code) => {
      clearTimeout(hard);
      resolve({ code, stdout, stderr });
    });
  });
}
