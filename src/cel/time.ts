import { CelError, CelScalar, types } from "./value.ts";
import type { CelType, Value } from "./value.ts";

const nanosPerSecond = 1_000_000_000n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z. */
const minEpochNanos = -62_135_596_800n * nanosPerSecond;
const maxEpochNanos = 253_402_300_800n * nanosPerSecond - 1n;
const maxDurationNanos = 2n ** 63n - 1n;

/** A point in time with nanoseconds, from the year 1 to the year 9999. */
export class CelTimestamp extends CelScalar {
  readonly epochNanos: bigint;

  constructor(epochNanos: bigint) {
    super();
    this.epochNanos = epochNanos;
  }

  get type(): CelType {
    return types.timestamp;
  }

  /** @param epochMs milliseconds since 1970, as `Date.now()` gives them. */
  static fromMilliseconds(epochMs: number): CelTimestamp {
    return new CelTimestamp(BigInt(Math.round(epochMs * 1_000)) * 1_000n);
  }

  /** RFC 3339, with as many digits of a second as are needed. */
  override toString(): string {
    const millis = floorDivide(this.epochNanos, 1_000_000n);
    const nanos = this.epochNanos - floorDivide(this.epochNanos, nanosPerSecond) * nanosPerSecond;
    return `${new Date(Number(millis)).toISOString().slice(0, 19)}${fraction(nanos)}Z`;
  }
}

/** A length of time in nanoseconds, within 64 bits (about 292 years). */
export class CelDuration extends CelScalar {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  get type(): CelType {
    return types.duration;
  }

  static fromMilliseconds(ms: number): CelDuration {
    return new CelDuration(BigInt(Math.round(ms * 1_000_000)));
  }

  get milliseconds(): number {
    return Number(this.nanos) / 1_000_000;
  }

  /** Seconds and their fraction, such as `1.5s`. */
  override toString(): string {
    const magnitude = this.nanos < 0n ? -this.nanos : this.nanos;
    return `${this.nanos < 0n ? "-" : ""}${magnitude / nanosPerSecond}${fraction(magnitude % nanosPerSecond)}s`;
  }
}

function toTimestamp(epochNanos: bigint): CelTimestamp | CelError {
  return epochNanos < minEpochNanos || epochNanos > maxEpochNanos
    ? new CelError("timestamp out of range: the years 1 to 9999 are allowed")
    : new CelTimestamp(epochNanos);
}

function toDuration(nanos: bigint): CelDuration | CelError {
  return nanos < -maxDurationNanos || nanos > maxDurationNanos ? new CelError("duration out of range") : new CelDuration(nanos);
}

/** Seconds since 1970, rounded down. */
export function epochSeconds(timestamp: CelTimestamp): bigint {
  return floorDivide(timestamp.epochNanos, nanosPerSecond);
}

export function timestampFromSeconds(seconds: bigint): CelTimestamp | CelError {
  return toTimestamp(seconds * nanosPerSecond);
}

/** RFC 3339, section 5.6. */
export function parseTimestamp(text: string): CelTimestamp | CelError {
  const found = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (found === null) return new CelError("not a timestamp (RFC 3339)");
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const [offsetHours, offsetMinutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  const valid =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    offsetHours < 24 &&
    offsetMinutes < 60;
  if (!valid) return new CelError("not a timestamp: there is no such day or time");
  const offsetSeconds = (found[8] === "-" ? -1 : 1) * (offsetHours * 3600 + offsetMinutes * 60);
  const nanos = BigInt((found[7] ?? "").padEnd(9, "0"));
  return toTimestamp(BigInt(date.getTime() / 1_000 - offsetSeconds) * nanosPerSecond + nanos);
}

const unitNanos: Readonly<Record<string, bigint>> = {
  h: 3_600n * nanosPerSecond,
  m: 60n * nanosPerSecond,
  s: nanosPerSecond,
  ms: 1_000_000n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ns: 1n,
};

const durationSyntax = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/;

/** Go's notation: a sequence of numbers with units, such as `1h30m`, `1.5s` or `-250ms`. */
export function parseDuration(text: string): CelDuration | CelError {
  const valid = text.length <= 128 && (durationSyntax.test(text) || /^[+-]?0$/.test(text));
  if (!valid) return new CelError("not a duration such as 1h30m or 250ms");
  let nanos = 0n;
  for (const [, whole, decimals, unit] of text.matchAll(/(\d*)(?:\.(\d*))?(h|ms|m|s|us|µs|μs|ns)/g)) {
    const scale = unitNanos[unit as string] as bigint;
    const digits = decimals ?? "";
    nanos += BigInt(whole || "0") * scale + (BigInt(digits || "0") * scale) / 10n ** BigInt(digits.length);
  }
  return toDuration(text.startsWith("-") ? -nanos : nanos);
}

/** Adds and subtracts points and lengths of time; undefined when these two do not go together. */
export function timeArithmetic(operator: "+" | "-", left: Value, right: Value): Value | undefined {
  const sign = operator === "+" ? 1n : -1n;
  if (left instanceof CelDuration && right instanceof CelDuration) return toDuration(left.nanos + sign * right.nanos);
  if (left instanceof CelTimestamp && right instanceof CelDuration) return toTimestamp(left.epochNanos + sign * right.nanos);
  if (operator === "+" && left instanceof CelDuration && right instanceof CelTimestamp) {
    return toTimestamp(left.nanos + right.epochNanos);
  }
  if (operator === "-" && left instanceof CelTimestamp && right instanceof CelTimestamp) {
    return toDuration(left.epochNanos - right.epochNanos);
  }
  return undefined;
}

/** The moment as a Date whose UTC fields show the time of day in a zone (an IANA name or `+hh:mm`). */
export function inZone(timestamp: CelTimestamp, zone: string | undefined): Date | CelError {
  const utc = Number(floorDivide(timestamp.epochNanos, 1_000_000n));
  if (zone === undefined) return new Date(utc);
  const offsetMs = zoneOffset(zone, utc);
  return offsetMs === undefined ? new CelError("unknown time zone") : new Date(utc + offsetMs);
}

/** Formatters by zone: making one takes tens of microseconds. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const maxFormatters = 100;

function zoneOffset(zone: string, utc: number): number | undefined {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null) return offsetFromParts(fixed[1], fixed[2], fixed[3], "0");
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    try {
      formatter = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    } catch {
      return undefined;
    }
    if (formatters.size >= maxFormatters) formatters.clear();
    formatters.set(zone, formatter);
  }
  const name = formatter.formatToParts(utc).find((part) => part.type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes, seconds] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
  return offsetFromParts(sign, hours, minutes, seconds);
}

function offsetFromParts(sign = "+", hours = "0", minutes = "0", seconds = "0"): number {
  return (sign === "-" ? -1_000 : 1_000) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
}

function fraction(nanos: bigint): string {
  return nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
