import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** Runs the official conformance suite in processes of their own, and reads what it found. */

const suite = fileURLToPath(new URL("../../../node_modules/@modelcontextprotocol/conformance/", import.meta.url));
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** The server that is tested. */
export const serverScript = here("server.ts");
const runMs = 120_000;

/** The sets of scenarios that the suite froze when the revision was released. */
export type Revision = "2025-11-25" | "2026-07-28";
export const revisions: readonly Revision[] = ["2025-11-25", "2026-07-28"];
export type Leg = "server" | "client";
/** `INFO` events are left out: they tell what happened, and judge nothing. */
export type Status = "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED";

/**
 * Each check's verdict by `<leg>/<revision>/<scenario>/<check id>/<name>`; what a scenario checks again under the same name
 * has ` (2)`, ` (3)`, ... behind it.
 */
export type Verdicts = ReadonlyMap<string, Status>;

export interface Requirements {
  /** Scenarios that the revision requires of this leg. */
  readonly scored: readonly string[];
  /** Those that the suite runs and does not count: extensions, and what was added later. */
  readonly unscored: readonly string[];
}

export function requirementsOf(leg: Leg, revision: Revision): Requirements {
  const text = readFileSync(`${suite}requirements/${revision}.yaml`, "utf8");
  const set = parse(text) as Record<Leg, string[]> & { not_scored: { scenario: string; leg: Leg }[] };
  return { scored: set[leg], unscored: set.not_scored.filter((entry) => entry.leg === leg).map(({ scenario }) => scenario) };
}

/** Tests the server at `url` on the revision's whole set. */
export async function testServer(url: string, revision: Revision): Promise<Verdicts> {
  return runSuite(`server/${revision}/`, ["server", "--url", url, "--requirements", revision]);
}

/** Tests client.ts of this folder in one scenario. `gateways` answers a posted target URL with that of a gateway before it. */
export async function testClient(revision: Revision, scenario: string, gateways?: string): Promise<Verdicts> {
  // The command goes through a shell.
  const command = [process.execPath, here("client.ts")].map((part) => `'${part}'`).join(" ");
  const args = ["client", "--command", command, "--scenario", scenario, "--spec-version", revision];
  return runSuite(`client/${revision}/`, args, gateways === undefined ? {} : { GATEWAYS: gateways });
}

async function runSuite(prefix: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Verdicts> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-conformance-"));
  try {
    const child = spawn(process.execPath, [`${suite}dist/index.js`, ...args, "-o", folder], {
      env: { PATH: process.env["PATH"], HOME: folder, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: runMs,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    const verdicts = read(folder, prefix);
    if (verdicts.size === 0) throw new Error(`the conformance suite found nothing: ${output}`);
    return verdicts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads `[server-]<scenario>-<time>/checks.json` of each scenario. */
function read(folder: string, prefix: string): Verdicts {
  const verdicts = new Map<string, Status>();
  for (const name of readdirSync(folder)) {
    if (!existsSync(join(folder, name, "checks.json"))) continue; // a scenario that threw
    const scenario = name.replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "").replace(prefix.startsWith("server/") ? /^server-/ : "", "");
    const checks = JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")) as {
      readonly id: string;
      readonly name: string;
      readonly status: Status | "INFO";
    }[];
    for (const { id, name, status } of checks) {
      if (status === "INFO") continue;
      const key = `${prefix}${scenario}/${id}/${name}`;
      let unique = key;
      for (let nth = 2; verdicts.has(unique); nth++) unique = `${key} (${nth})`;
      verdicts.set(unique, status);
    }
  }
  return verdicts;
}

/** Starts server.ts of this folder, with its arguments. */
export async function startConformanceServer(...args: readonly string[]): Promise<{ readonly url: string; close(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [serverScript, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once("line", resolve);
    void exited.then(() => reject(new Error("the conformance server ended")));
  });
  return {
    url,
    close() {
      child.kill("SIGKILL");
      return exited;
    },
  };
}
