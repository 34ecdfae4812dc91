import type { z } from "zod";
import type { TcpKeepAlive } from "../../contract/runtime.ts";
import type { keepalives } from "../schema/keepalive.ts";

const defaults: TcpKeepAlive = { timeMs: 180_000, intervalMs: 180_000, probes: 9 };
/** What Linux takes: seconds from 1 to 32767, and as many as 127 probes. */
const shortestMs = 1_000;
const longestMs = 32_767_000;
const mostProbes = 127;

/** TCP keepalive as configured; on where nothing says otherwise. Undefined = off. */
export function tcpKeepAlive(config: z.output<typeof keepalives> | undefined): TcpKeepAlive | undefined {
  if (config === undefined) return defaults;
  const { enabled, time, interval, retries } = config;
  if (!enabled) return undefined;
  return { timeMs: withinLimits(time), intervalMs: withinLimits(interval), probes: Math.min(Math.max(retries, 1), mostProbes) };
}

function withinLimits(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, shortestMs), longestMs);
}
