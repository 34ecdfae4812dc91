import { fileURLToPath } from "node:url";
import { type StartedProcess, startProcess } from "../machine/processes.ts";
import type { ClosedLoop, ClosedResult, HoldStreams, Job, OpenLoop, OpenResult, Told } from "./protocol.ts";

/** Called where the measured part of a job begins and ends. */
export interface Window {
  start(): void;
  end(): void;
}

/** The parent's side of the process that makes the load. */
export class Generator {
  private readonly process: StartedProcess;

  constructor(core: number | undefined) {
    this.process = startProcess(process.execPath, [fileURLToPath(new URL("worker.ts", import.meta.url))], { core, ipc: true });
  }

  /** Rejects with what went wrong first: a bad status, a reply that is not the upstream's, a closed connection. */
  run(job: ClosedLoop, window: Window): Promise<ClosedResult>;
  run(job: OpenLoop, window: Window): Promise<OpenResult>;
  run(job: HoldStreams, window: Window): Promise<undefined>;
  run(job: Job, window: Window): Promise<ClosedResult | OpenResult | undefined> {
    const { child } = this.process;
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        child.off("message", hear);
        child.off("exit", gone);
        settled();
      };
      const gone = (): void => settle(() => reject(new Error(`the load generator ended: ${this.process.errors()}`)));
      const hear = (message: unknown): void => {
        const told = message as Told;
        if (told.tell === "window-start") window.start();
        else if (told.tell === "window-end") window.end();
        else if (told.tell === "failed") settle(() => reject(new Error(told.message)));
        else settle(() => resolve(told.result));
      };
      child.on("message", hear);
      child.on("exit", gone);
      child.send(job);
    });
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}
