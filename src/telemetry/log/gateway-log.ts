import type { Clock } from "../../base/clock.ts";
import { redactData, redactSecrets } from "../../base/redact.ts";
import type { Log } from "../../contract/runtime.ts";
import type { LineFormat } from "./format.ts";
import type { LogLevels } from "./levels.ts";
import type { LineWriter } from "./line-writer.ts";
import { timestamp } from "./timestamp.ts";

export interface GatewayLogSettings {
  readonly levels: LogLevels;
  readonly format: LineFormat;
  readonly writer: LineWriter;
  readonly clock: Clock;
}

const scope = "turnpike";

type Fields = Readonly<Record<string, unknown>>;
type Level = "debug" | "info" | "warn" | "error";

/**
 * The gateway's own log: what it does, as opposed to the requests it serves. Texts pass the redactor, as messages of
 * libraries and child processes end up here.
 */
export function createGatewayLog(settings: GatewayLogSettings): Log {
  const { levels, format, writer, clock } = settings;

  function log(level: Level, message: string, fields: Fields | undefined): void {
    if (!levels.shows(level)) return;
    writer.write(formatLine(format, { time: timestamp(clock.wall()), level, message, fields }));
    if (level === "error") writer.flush(); // it may be the last thing this process says
  }

  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
  };
}

interface Entry {
  readonly time: string;
  readonly level: Level;
  readonly message: string;
  readonly fields?: Fields | undefined;
}

/** Names that the line itself uses in JSON. */
const ownNames = new Set(["level", "time", "scope", "message"]);

/** A line of the gateway's own log, for the places that must write one without a log. */
export function formatLine(format: LineFormat, entry: Entry): string {
  let line = format.start(entry.time, entry.level, scope, redactSecrets(entry.message));
  let first = format.name === "text";
  for (const [name, value] of Object.entries(entry.fields ?? {})) {
    if (value === undefined) continue;
    const prefix = format.prefix(ownNames.has(name) ? `${name}_` : name);
    line += (first ? prefix.slice(1) : prefix) + format.value(shown(value));
    first = false;
  }
  return (first ? line.trimEnd() : line) + format.end;
}

function shown(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return redactSecrets(value);
  if (value instanceof Error) return redactSecrets(describe(value));
  try {
    return redactData(JSON.parse(JSON.stringify(value) ?? "null"));
  } catch {
    return redactSecrets(String(value)); // a cycle, a bigint
  }
}

const maxCauses = 5;

/** An error with its causes: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`. */
function describe(error: Error): string {
  const parts: string[] = [];
  let current: unknown = error;
  while (current instanceof Error && parts.length < maxCauses) {
    parts.push(current.message || current.name);
    current = current.cause;
  }
  return parts.join(": ");
}
