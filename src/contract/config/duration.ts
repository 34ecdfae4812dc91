import * as z from "zod";

/** Durations are configured in Go's notation and are milliseconds everywhere else. */
export type Milliseconds = number;

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek mu
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Reads `300ms`, `1h30m`, `1.5s` (Go's time.ParseDuration, without signs); undefined when it is no duration. */
export function parseDuration(text: string): Milliseconds | undefined {
  if (text === "0") return 0;
  if (text === "") return undefined;
  let total = 0;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * unitMs[match[2]!]!;
  }
  return Number.isSafeInteger(Math.round(total)) ? total : undefined;
}

const wanted = 'expected a duration with its unit, like "300ms", "15s" or "1h30m"';

/** A duration such as `300ms` or `1h30m`. Output: milliseconds. */
export function duration() {
  return z
    .string({ error: ({ input }) => (typeof input === "number" ? wanted : undefined) })
    .transform((text, context): Milliseconds => {
      const milliseconds = parseDuration(text);
      if (milliseconds !== undefined) return milliseconds;
      context.addIssue({ code: "custom", message: wanted });
      return z.NEVER;
    })
    .meta({ format: "duration-go" });
}

/** A duration above zero. Output: milliseconds. */
export function positiveDuration() {
  return duration().refine((milliseconds) => milliseconds > 0, "must be above zero");
}
