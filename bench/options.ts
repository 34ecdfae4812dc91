import { parseArgs } from "node:util";

export interface Options {
  /** Names of cases, or their first words; empty = all. */
  readonly cases: readonly string[];
  readonly rounds: number;
  /** Length of the part that is measured at full load, each round. */
  readonly seconds: number;
  /** Length of the part at a fixed rate. */
  readonly latencySeconds: number;
  /** Requests a second of that part. */
  readonly rate: number;
  readonly connections: number;
  readonly portkey: boolean;
}

export const usage = `npm run bench -- [options]
  --case a,b             cases to run: passthrough, governed, chat, stream, mcp, idle, start
                         (mcp = mcp-1-json, mcp-4-json, mcp-1-sse, mcp-4-sse, mcp-list-4x100); all when absent
  --rounds 5             times that every candidate is measured; figures are medians
  --seconds 4            at full load, each round
  --latency-seconds 3    at the fixed rate, each round; 0 = leave latency out
  --rate 1000            requests a second of it
  --connections 64
  --no-portkey           leave Portkey out (it is installed when it is first needed)`;

/** @throws Error with a line for the user */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    allowNegative: true,
    options: {
      case: { type: "string", default: "" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "4" },
      "latency-seconds": { type: "string", default: "3" },
      rate: { type: "string", default: "1000" },
      connections: { type: "string", default: "64" },
      portkey: { type: "boolean", default: true },
    },
  });
  return {
    cases: values.case.split(",").filter((name) => name !== ""),
    rounds: number("rounds", values.rounds, 1, 100),
    seconds: number("seconds", values.seconds, 0.5, 120),
    latencySeconds: number("latency-seconds", values["latency-seconds"], 0, 120),
    rate: number("rate", values.rate, 1, 100_000),
    connections: number("connections", values.connections, 1, 4_096),
    portkey: values.portkey,
  };
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new Error(`--${name} takes a number from ${least} to ${most}`);
  return value;
}

/** Whether a case was asked for, by its name or by the first words of it. */
export function isWanted({ cases }: Options, name: string): boolean {
  return cases.length === 0 || cases.some((wanted) => name === wanted || name.startsWith(`${wanted}-`));
}
