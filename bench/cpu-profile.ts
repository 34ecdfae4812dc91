/** Reads V8's CPU profiles (`node --cpu-prof`): who used the time, function by function and by part of the program. */

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame; readonly children?: readonly number[] }[];
  /** Node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
}

export interface FunctionTime {
  readonly name: string;
  /** `src/server/listen.ts:73`, `undici lib/dispatcher/client-h1.js:120`, `node:net:301`; "" for what is no function. */
  readonly place: string;
  readonly part: string;
  readonly microseconds: number;
}

/** A stretch of the monotonic clock, microseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Time on top of the stack in that stretch, by function, most first; waiting for events is left out. */
export function selfTimes(profile: CpuProfile, stretch: Stretch): FunctionTime[] {
  return timesOf(profile, stretch, (frame) => [frame]);
}

/** Time in that stretch of our own functions and everything they call, most first. Their sums overlap. */
export function inclusiveTimes(profile: CpuProfile, stretch: Stretch): FunctionTime[] {
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)));
  const times = timesOf(profile, stretch, (frame, id) => {
    const stack = new Map([[keyOf(frame), frame]]); // a recursive function counts once
    for (let parent = parents.get(id); parent !== undefined; parent = parents.get(parent.id))
      stack.set(keyOf(parent.callFrame), parent.callFrame);
    return [...stack.values()];
  });
  return times.filter(({ part }) => part.startsWith("ours"));
}

/** @param credited the functions that a sample's time counts for */
function timesOf(profile: CpuProfile, stretch: Stretch, credited: (frame: CallFrame, id: number) => readonly CallFrame[]): FunctionTime[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, { readonly frame: CallFrame; microseconds: number }>();
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    // a sample stands for the time since the one before it
    const delta = profile.timeDeltas[i] ?? 0;
    at += delta;
    const top = frames.get(id);
    if (top === undefined || at < stretch.from || at > stretch.to || top.functionName === "(idle)") continue;
    for (const frame of credited(top, id)) {
      const time = times.get(keyOf(frame));
      if (time === undefined) times.set(keyOf(frame), { frame, microseconds: delta });
      else time.microseconds += delta;
    }
  }
  return [...times.values()]
    .map(({ frame, microseconds }) => ({ ...describe(frame), microseconds }))
    .sort((a, b) => b.microseconds - a.microseconds);
}

function keyOf({ functionName, url, lineNumber }: CallFrame): string {
  return `${functionName} ${url}:${lineNumber}`;
}

/** The sum for each part of the program, most first. */
export function byPart(times: readonly FunctionTime[]): [part: string, microseconds: number][] {
  const parts = new Map<string, number>();
  for (const { part, microseconds } of times) parts.set(part, (parts.get(part) ?? 0) + microseconds);
  return [...parts].sort(([, a], [, b]) => b - a);
}

function describe({ functionName, url, lineNumber }: CallFrame): Omit<FunctionTime, "microseconds"> {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (name === "(garbage collector)") return { name, place: "", part: "garbage collection" };
  if (name === "(program)") return { name, place: "", part: "native code, system calls" };
  const line = `:${lineNumber + 1}`;
  const packaged = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/([^?]*)$/.exec(url);
  if (packaged !== null) return { name, place: `${packaged[1]} ${packaged[2]}${line}`, part: packaged[1] as string };
  if (url.startsWith("node:")) return { name, place: url + line, part: partOfNode(url) };
  const own = /\/((?:src|dist|bin)\/[^?]*)$/.exec(url)?.[1];
  if (own !== undefined) return { name, place: own + line, part: `ours: ${own.split("/").slice(0, 2).join("/")}` };
  return { name, place: url === "" ? "" : url + line, part: "native code, system calls" };
}

function partOfNode(url: string): string {
  if (/^node:(?:_http|internal\/http|http)/.test(url)) return "node: http";
  if (/net|stream|tls/.test(url)) return "node: sockets and streams";
  if (/timers|process|async|promise/.test(url)) return "node: timers, ticks, promises";
  return "node: other";
}
