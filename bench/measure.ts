import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBare } from "./candidates/bare.ts";
import type { Running } from "./candidates/candidate.ts";
import { startNginx } from "./candidates/nginx.ts";
import { startPortkey } from "./candidates/portkey.ts";
import { startSdkProxy } from "./candidates/sdk.ts";
import { startTurnpike } from "./candidates/turnpike.ts";
import type { CandidateName, Case } from "./cases.ts";
import { Generator, type Window } from "./load/generator.ts";
import type { OpenResult, Plan } from "./load/protocol.ts";
import { chooseCores, type Cores } from "./machine/cores.ts";
import { type StartedProcess, startProcess } from "./machine/processes.ts";
import { cpuSeconds, residentBytes } from "./machine/usage.ts";
import type { Options } from "./options.ts";
import type { FullLoad, IdleSeries, StartFigures } from "./results.ts";

const idleStreams = 1_000;
const idleWindowMs = 5_000;
const starts = 5;

/** Upstream and load generator, running, and what is measured with them. */
export class Bench {
  readonly cores: Cores;
  readonly upstreamPorts: readonly number[];
  private readonly upstream: StartedProcess;
  private readonly generator: Generator;
  private readonly folder: string;
  private folders = 0;

  private constructor(cores: Cores, upstream: StartedProcess, upstreamPorts: readonly number[]) {
    this.cores = cores;
    this.upstream = upstream;
    this.upstreamPorts = upstreamPorts;
    this.generator = new Generator(cores.load);
    this.folder = mkdtempSync(join(tmpdir(), "turnpike-bench-"));
    process.once("exit", () => rmSync(this.folder, { recursive: true, force: true }));
  }

  static async open(): Promise<Bench> {
    const cores = chooseCores();
    const script = fileURLToPath(new URL("upstream/server.ts", import.meta.url));
    const upstream = startProcess(process.execPath, [script], { core: cores.load, ipc: true });
    const ports = await new Promise<readonly number[]>((resolve, reject) => {
      upstream.child.once("message", (message) => resolve((message as { ports: number[] }).ports));
      upstream.child.once("exit", () => reject(new Error(`the upstream ended: ${upstream.errors()}`)));
    });
    return new Bench(cores, upstream, ports);
  }

  async close(): Promise<void> {
    await Promise.all([this.generator.stop(), this.upstream.stop()]);
  }

  /** Starts a candidate for a case; "direct" has no process and is answered with undefined. */
  async start(name: CandidateName, { configure, servers }: Case, profileFolder?: string): Promise<Running | undefined> {
    const settings = { upstreamPorts: this.upstreamPorts, core: this.cores.candidate, folder: this.newFolder() };
    switch (name) {
      case "direct":
        return undefined;
      case "nginx":
        return startNginx(settings);
      case "bare":
        return startBare(settings);
      case "portkey":
        return startPortkey(settings);
      case "sdk-proxy":
        if (servers === undefined) throw new Error("the case has no MCP servers");
        return startSdkProxy(settings, servers);
      case "turnpike":
        return startTurnpike({ ...settings, configure, profileFolder });
    }
  }

  /** An empty folder that goes away with the bench. */
  newFolder(): string {
    const folder = join(this.folder, String((this.folders += 1)));
    mkdirSync(folder);
    return folder;
  }

  /** Latency at a fixed rate. */
  fixedRate(plan: Plan, { rate, latencySeconds }: Options): Promise<OpenResult> {
    return this.generator.run({ kind: "open", plan, rate, warmUpMs: 500, windowMs: latencySeconds * 1_000 }, noWindow);
  }

  /**
   * CPU time per request at full load.
   * @param window told about the measured part as well
   */
  async fullLoad(plan: Plan, running: Running, seconds: number, window: Window = noWindow): Promise<FullLoad> {
    const { pid } = running.process;
    const cpu = new CpuWindow(pid, window);
    const { requests, seconds: measured } = await this.generator.run(
      { kind: "closed", plan, warmUpMs: 1_000, windowMs: seconds * 1_000 },
      cpu,
    );
    return {
      cpuMicrosecondsPerRequest: (cpu.seconds * 1e6) / requests,
      requestsPerSecond: requests / measured,
      busy: cpu.seconds / measured,
      residentBytes: residentBytes(pid),
    };
  }

  async idle(kase: Case, candidate: CandidateName): Promise<IdleSeries> {
    const running = await this.start(candidate, kase);
    if (running === undefined) throw new Error("there is nothing to measure in a direct call");
    const { pid } = running.process;
    const cpu = new CpuWindow(pid, noWindow);
    const before = residentBytes(pid);
    let during = 0;
    let failure: string | undefined;
    const window: Window = {
      start: () => cpu.start(),
      end: () => {
        cpu.end();
        during = residentBytes(pid);
      },
    };
    try {
      const plan = { ...kase.traffic(candidate, this.upstreamPorts), port: running.port, connections: idleStreams };
      await this.generator.run({ kind: "hold", plan, windowMs: idleWindowMs }, window);
    } catch (error) {
      failure = (error as Error).message;
    }
    await running.process.stop();
    return {
      title: kase.title,
      candidate,
      streams: idleStreams,
      residentBytesBefore: before,
      residentBytes: during,
      cpuMillisecondsPerSecond: (cpu.seconds * 1e6) / idleWindowMs,
      failure,
    };
  }

  /** Starts Turnpike several times, one after the other; the first time nothing is compiled yet. */
  async starts({ configure }: Case): Promise<StartFigures> {
    const readyMs: number[] = [];
    const resident: number[] = [];
    const compileCache = this.newFolder();
    for (let i = 0; i <= starts; i += 1) {
      const { upstreamPorts, cores } = this;
      const running = await startTurnpike({ upstreamPorts, core: cores.candidate, folder: this.newFolder(), configure, compileCache });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      readyMs.push(running.readyMs);
      resident.push(residentBytes(running.process.pid));
      await running.process.stop();
    }
    const [firstReadyMs = 0, ...others] = readyMs;
    return { firstReadyMs, readyMs: others, residentBytes: resident.slice(1) };
  }
}

/** CPU seconds that a process tree used between the window's start and end. */
class CpuWindow implements Window {
  seconds = 0;
  private readonly pid: number;
  private readonly outer: Window;

  constructor(pid: number, outer: Window) {
    this.pid = pid;
    this.outer = outer;
  }

  start(): void {
    this.seconds = -cpuSeconds(this.pid);
    this.outer.start();
  }

  end(): void {
    this.seconds += cpuSeconds(this.pid);
    this.outer.end();
  }
}

const noWindow: Window = { start() {}, end() {} };
