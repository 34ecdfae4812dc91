import { CelDuration, CelTimestamp, inZone } from "../time.ts";
import { noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";

const msPerDay = 86_400_000;

/** A part of a point in time, in UTC or a zone; or of a length of time where `ofDuration` says how. */
function part(name: string, summary: string, ofDate: (date: Date) => number, ofDuration?: (nanos: bigint) => bigint): FunctionDefinition {
  const run = (time: Value, zone?: Value): Value => {
    if (time instanceof CelTimestamp && (zone === undefined || typeof zone === "string")) {
      const date = inZone(time, zone);
      return date instanceof Date ? ofDate(date) : date;
    }
    if (time instanceof CelDuration && ofDuration !== undefined && zone === undefined) return Number(ofDuration(time.nanos));
    return noOverload(name, time);
  };
  return {
    name,
    style: "method",
    operands: [1, 2],
    signature: `timestamp.${name}(zone?) -> int`,
    summary,
    run,
  };
}

function dayOfYear(date: Date): number {
  const newYear = new Date(0);
  newYear.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - newYear.getTime()) / msPerDay);
}

export const dateFunctions: readonly FunctionDefinition[] = [
  part("getFullYear", "The year.", (date) => date.getUTCFullYear()),
  part("getMonth", "The month, from 0.", (date) => date.getUTCMonth()),
  part("getDate", "The day of the month, from 1.", (date) => date.getUTCDate()),
  part("getDayOfMonth", "The day of the month, from 0.", (date) => date.getUTCDate() - 1),
  part("getDayOfWeek", "The day of the week, Sunday being 0.", (date) => date.getUTCDay()),
  part("getDayOfYear", "The day of the year, from 0.", dayOfYear),
  part(
    "getHours",
    "The hour of the day; of a duration, all its full hours.",
    (date) => date.getUTCHours(),
    (nanos) => nanos / 3_600_000_000_000n,
  ),
  part(
    "getMinutes",
    "The minute of the hour; of a duration, all its full minutes.",
    (date) => date.getUTCMinutes(),
    (nanos) => nanos / 60_000_000_000n,
  ),
  part(
    "getSeconds",
    "The second of the minute; of a duration, all its full seconds.",
    (date) => date.getUTCSeconds(),
    (nanos) => nanos / 1_000_000_000n,
  ),
  part(
    "getMilliseconds",
    "The millisecond of the second; also of a duration.",
    (date) => date.getUTCMilliseconds(),
    (nanos) => (nanos / 1_000_000n) % 1_000n,
  ),
];
