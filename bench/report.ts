import type { CandidateName } from "./cases.ts";
import { type IdleSeries, type LoadedSeries, median, type Results, type StartFigures } from "./results.ts";

/** Results as Markdown, with a verdict for every target. */

const startLimitMs = 400;
const idleLimitMb = 120;
const portkeyLeast = 5;
/** Below this share of a core the candidate waited for the load generator: its rate is not its limit. */
const fullyBusy = 0.9;

/** Up to this share of the machine other work disturbs little. */
const quiet = 0.05;

type Cells = readonly string[];

export function toMarkdown(results: Results): string {
  const { machine, settings, loaded, idle, start, remarks } = results;
  const other = (machine.otherWork * 100).toFixed(0);
  const parts = [
    `${machine.processor}, ${machine.cores} cores; ${machine.system}; Node ${machine.node}; ${machine.pinning}; ${machine.date.slice(0, 10)}. ` +
      `${settings.rounds} rounds, ${settings.seconds} s at full load and ${settings.latencySeconds} s at ${settings.rate} requests/s each, ${settings.connections} connections; medians. ` +
      (machine.otherWork > quiet
        ? `**Other work took ${other}% of the machine meanwhile: the figures are rough.**`
        : `Other work: ${other}% of the machine.`),
  ];
  if (loaded.length > 0) parts.push(loadedTable(loaded));
  if (idle.length > 0) parts.push(idleTable(idle));
  const targets = targetRows(loaded, start);
  if (targets.length > 0) parts.push(table(["target", "limit", "measured", "verdict"], targets));
  if (remarks.length > 0) parts.push(remarks.map((remark) => `- ${remark}`).join("\n"));
  return parts.join("\n\n");
}

function loadedTable(loaded: readonly LoadedSeries[]): string {
  const rows = loaded.map((series) => [series.caseName, series.candidate, ...figures(series, loaded)]);
  return table(
    ["case", "candidate", "CPU us/request", "x nginx", "range", "requests/s", "core busy", "added p50 ms", "added p99 ms", "RSS MB"],
    rows,
  );
}

function figures(series: LoadedSeries, loaded: readonly LoadedSeries[]): Cells {
  if (series.failure !== undefined) return [`failed: ${oneLine(series.failure)}`, "", "", "", "", "", "", ""];
  const full = series.rounds.flatMap((round) => round.full ?? []);
  const ratios = ratiosToUnit(series);
  const busy = median(full.map((round) => round.busy));
  const rate = median(full.map((round) => round.requestsPerSecond)).toFixed(0);
  const cpu =
    full.length === 0
      ? ["", "", "", "", ""]
      : [
          median(full.map((round) => round.cpuMicrosecondsPerRequest)).toFixed(1),
          ratios.length === 0 ? "" : median(ratios).toFixed(2),
          ratios.length === 0 ? "" : `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
          busy < fullyBusy ? `>${rate}` : rate,
          `${(busy * 100).toFixed(0)}%`,
        ];
  const resident = full.length === 0 ? "" : megabytes(median(full.map((round) => round.residentBytes)));
  return [...cpu, ...addedLatency(series, loaded), resident];
}

/** CPU per request in nginx pass-throughs, each measured just before. */
function ratiosToUnit({ rounds }: LoadedSeries): number[] {
  return rounds.flatMap(({ full, unitCpuMicroseconds: unit }) =>
    full === undefined || unit === undefined ? [] : [full.cpuMicrosecondsPerRequest / unit],
  );
}

/** How many times as much one series cost as the other, round by round. */
function ratiosTo(series: LoadedSeries | undefined, other: LoadedSeries | undefined): number[] {
  return (series?.rounds ?? []).flatMap(({ full }, i) => {
    const base = other?.rounds[i]?.full;
    return full === undefined || base === undefined ? [] : [full.cpuMicrosecondsPerRequest / base.cpuMicrosecondsPerRequest];
  });
}

/** Latency less that of the direct call in the same round, p50 and p99; for the direct call itself, the latency. */
function addedLatency(series: LoadedSeries, loaded: readonly LoadedSeries[]): Cells {
  const direct = find(loaded, series.caseName, "direct");
  const cells = (["p50", "p99"] as const).map((which) => {
    const values = series.rounds.flatMap(({ fixed }, i) => {
      const base = series.candidate === "direct" ? 0 : direct?.rounds[i]?.fixed?.[which];
      return fixed === undefined || base === undefined ? [] : [fixed[which] - base];
    });
    return values.length === 0
      ? ""
      : `${series.candidate === "direct" ? "(" : ""}${median(values).toFixed(2)}${series.candidate === "direct" ? ")" : ""}`;
  });
  const overloaded = series.rounds.some(({ fixed }) => fixed !== undefined && fixed.unanswered > fixed.requests * 0.01);
  return overloaded ? ["overloaded", "overloaded"] : cells;
}

function idleTable(idle: readonly IdleSeries[]): string {
  const rows = idle.map((series) => {
    const { title, candidate, streams, residentBytesBefore, residentBytes, cpuMillisecondsPerSecond, failure } = series;
    if (failure !== undefined) return [title, candidate, `failed: ${oneLine(failure)}`, "", "", ""];
    const each = (residentBytes - residentBytesBefore) / streams / 1_024;
    return [
      title,
      candidate,
      megabytes(residentBytesBefore),
      megabytes(residentBytes),
      each.toFixed(1),
      cpuMillisecondsPerSecond.toFixed(1),
    ];
  });
  return table(["idle", "candidate", "RSS MB before", "RSS MB with them", "KB each", "CPU ms/s"], rows);
}

function targetRows(loaded: readonly LoadedSeries[], start: StartFigures | undefined): Cells[] {
  const rows: Cells[] = loaded
    .filter(({ limit }) => limit !== undefined)
    .map((series) => {
      const limit = series.limit as number;
      const title = `CPU per request, ${series.title}`;
      if (series.failure !== undefined) return [title, `${limit} x nginx`, "failed", "missed"];
      const ratios = ratiosToUnit(series);
      if (ratios.length === 0) return [title, `${limit} x nginx`, "no nginx here", "unknown"];
      return [title, `${limit} x nginx`, `${median(ratios).toFixed(2)} x`, verdict(median(ratios) <= limit)];
    });
  const portkey = ratiosTo(find(loaded, "chat", "portkey"), find(loaded, "chat", "turnpike"));
  if (portkey.length > 0) {
    const times = median(portkey);
    rows.push([
      "CPU per request of Portkey, chat completion",
      `at least ${portkeyLeast} x Turnpike`,
      `${times.toFixed(1)} x`,
      verdict(times >= portkeyLeast),
    ]);
  }
  rows.push(...sdkRows(loaded));
  if (start !== undefined) {
    const ready = median(start.readyMs);
    const resident = median(start.residentBytes) / 1_048_576;
    rows.push(["start to ready", `${startLimitMs} ms`, `${ready.toFixed(0)} ms`, verdict(ready < startLimitMs)]);
    rows.push(["start to ready, nothing compiled yet", "", `${start.firstReadyMs.toFixed(0)} ms`, ""]);
    rows.push(["RSS of an idle process", `${idleLimitMb} MB`, `${resident.toFixed(0)} MB`, verdict(resident < idleLimitMb)]);
  }
  return rows;
}

/** How much the same calls cost through a proxy on the official SDK. */
function sdkRows(loaded: readonly LoadedSeries[]): Cells[] {
  return loaded.flatMap((series) => {
    const { caseName, title, candidate } = series;
    const times = candidate === "sdk-proxy" ? ratiosTo(series, find(loaded, caseName, "turnpike")) : [];
    if (times.length === 0) return [];
    return [[`CPU per request of the official SDK's proxy, ${title}`, "", `${median(times).toFixed(1)} x Turnpike`, ""]];
  });
}

function find(loaded: readonly LoadedSeries[], caseName: string, candidate: CandidateName): LoadedSeries | undefined {
  return loaded.find((series) => series.caseName === caseName && series.candidate === candidate);
}

function verdict(met: boolean): string {
  return met ? "ok" : "**missed**";
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "/").slice(0, 160);
}

function table(header: Cells, rows: readonly Cells[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
