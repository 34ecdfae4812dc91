import { get } from "node:http";
import type { StartedProcess } from "../machine/processes.ts";

/** A gateway that runs and can be measured. */
export interface Running {
  readonly process: StartedProcess;
  /** Where it takes requests, on loopback. */
  readonly port: number;
}

/** What a candidate is started with. */
export interface StartSettings {
  /** Ports of the upstream; they all serve the same. */
  readonly upstreamPorts: readonly number[];
  readonly core: number | undefined;
  /** An empty folder of its own for configuration and scratch files. */
  readonly folder: string;
}

/** Thrown by a candidate that is not installed here: it is left out, with this line in the report. */
export class NotInstalled extends Error {}

/** True once something answers HTTP there. @param path with 200 = ready; undefined = any answer */
export function answers(port: number, path?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: path ?? "/", agent: false, timeout: 2_000 }, (reply) => {
      reply.resume();
      resolve(path === undefined || reply.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
