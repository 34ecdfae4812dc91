import type { CandidateName } from "./cases.ts";
import type { OpenResult } from "./load/protocol.ts";

/** What one run found; also the shape of the JSON under results/. */
export interface Results {
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly loaded: readonly LoadedSeries[];
  readonly idle: readonly IdleSeries[];
  readonly start: StartFigures | undefined;
  /** What was left out, and why. */
  readonly remarks: readonly string[];
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly pinning: string;
  readonly date: string;
  /** Share of all cores that work other than the benchmark took while it ran. */
  readonly otherWork: number;
}

/** A candidate in a case; `rounds[i]` of all series were measured in the same minute or so. */
export interface LoadedSeries {
  readonly caseName: string;
  readonly title: string;
  readonly candidate: CandidateName;
  readonly limit: number | undefined;
  readonly rounds: Round[];
  /** Why there are no more rounds. */
  failure: string | undefined;
}

export interface Round {
  /** Absent for the direct call. */
  readonly full: FullLoad | undefined;
  /** Absent where latency was not asked for. */
  readonly fixed: OpenResult | undefined;
  /** What a pass-through cost nginx just before; absent without nginx. */
  readonly unitCpuMicroseconds: number | undefined;
}

export interface FullLoad {
  readonly cpuMicrosecondsPerRequest: number;
  readonly requestsPerSecond: number;
  /** Share of one core that the candidate used; well below 1, the load generator was the limit. */
  readonly busy: number;
  readonly residentBytes: number;
}

export interface IdleSeries {
  readonly title: string;
  readonly candidate: CandidateName;
  readonly streams: number;
  readonly residentBytesBefore: number;
  readonly residentBytes: number;
  /** Milliseconds of CPU time in a second in which nothing happens. */
  readonly cpuMillisecondsPerSecond: number;
  readonly failure: string | undefined;
}

export interface StartFigures {
  /** Milliseconds, with an empty compile cache: after an upgrade, or in a container that keeps none. */
  readonly firstReadyMs: number;
  /** Milliseconds, one for each later start. */
  readonly readyMs: readonly number[];
  readonly residentBytes: readonly number[];
}

/** The middle value; the mean of the two middle ones where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
