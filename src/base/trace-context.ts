import { randomFillSync } from "node:crypto";

/**
 * W3C Trace Context, the `traceparent` field (https://www.w3.org/TR/trace-context/#traceparent-header).
 * Whoever sends a value that does not follow it gets a new trace: nothing of a bad value is kept.
 */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits: the caller's span. */
  readonly parentId: string;
  readonly sampled: boolean;
}

const zero = 0x30;
const nine = 0x39;
const a = 0x61;
const f = 0x66;
const version0Length = 55;
const emptyTraceId = "0".repeat(32);
const emptyParentId = "0".repeat(16);

/**
 * Reads a `traceparent`. A higher version may carry more behind the flags (section 3.2.4), version 00 may not.
 * @returns undefined for everything that does not follow the specification, whatever its length.
 */
export function parseTraceParent(value: string): TraceParent | undefined {
  if (value.length < version0Length || value[2] !== "-" || value[35] !== "-" || value[52] !== "-") return undefined;
  if (!isHex(value, 0, 2) || !isHex(value, 3, 35) || !isHex(value, 36, 52) || !isHex(value, 53, 55)) return undefined;
  const version = value.slice(0, 2);
  if (version === "ff") return undefined;
  if (value.length > version0Length && (version === "00" || value[55] !== "-")) return undefined;
  const traceId = value.slice(3, 35);
  const parentId = value.slice(36, 52);
  if (traceId === emptyTraceId || parentId === emptyParentId) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(value.slice(53, 55), 16) & 1) === 1 };
}

/** Writes a `traceparent` of version 00. */
export function formatTraceParent(traceId: string, spanId: string, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

const maxTraceStateLength = 512;
const maxTraceStateMembers = 32;

/**
 * A `tracestate` fit to be forwarded (section 3.3): joined from its fields, at most 512 characters and 32 members, all
 * of them printable ASCII. Its members are not looked into: they belong to their vendors.
 */
export function readTraceState(fields: readonly string[]): string | undefined {
  if (fields.length === 0) return undefined;
  const joined = fields.join(",");
  if (joined === "" || joined.length > maxTraceStateLength || !/^[\x20-\x7e\t]*$/.test(joined)) return undefined;
  return joined.split(",").length > maxTraceStateMembers ? undefined : joined;
}

function isHex(value: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = value.charCodeAt(i);
    if (!((code >= zero && code <= nine) || (code >= a && code <= f))) return false;
  }
  return true;
}

// Random bytes are drawn in bulk: one system call serves some 500 ids.
const pool = Buffer.allocUnsafe(8_192);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString("hex", used - bytes, used);
}

/** A new trace id; never all zeros. */
export function newTraceId(): string {
  const id = randomHex(16);
  return id === emptyTraceId ? newTraceId() : id;
}

/** A new span id; never all zeros. */
export function newSpanId(): string {
  const id = randomHex(8);
  return id === emptyParentId ? newSpanId() : id;
}

/**
 * Decides by the trace id itself, so that everybody along a trace who uses the same ratio decides the same.
 * @param ratio share of traces to keep, 0 to 1
 */
export function isWithinRatio(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  return Number.parseInt(traceId.slice(-8), 16) < ratio * 0x1_0000_0000;
}
