/** From silent to most talkative; a level shows itself and everything before it. */
const levels = ["off", "error", "warn", "info", "debug", "trace"] as const;

export type LogLevel = (typeof levels)[number];

const rank: Readonly<Record<LogLevel, number>> = { off: 0, error: 1, warn: 2, info: 3, debug: 4, trace: 5 };

interface Threshold {
  readonly overall: LogLevel;
  /** Of the access log, whose target is called `request`; undefined = as overall. */
  readonly requests: LogLevel | undefined;
}

/** Whether it is written as LogLevels takes it. */
export function isLogLevel(directives: string): boolean {
  try {
    parse(directives);
    return true;
  } catch {
    return false;
  }
}

/** Targets that levels are written for and that have none of their own here. */
export function targetsWithoutLevel(directives: string): string[] {
  const targets = directives.split(",").flatMap((directive) => (directive.includes("=") ? [split(directive)[0]] : []));
  return targets.filter((target) => target !== "" && target !== "request");
}

function parse(directives: string): Threshold {
  let overall: LogLevel = "info";
  let requests: LogLevel | undefined;
  for (const directive of directives.split(",")) {
    const [target, level] = directive.includes("=") ? split(directive) : ["", directive.trim()];
    if (level === "") continue;
    const known = levels.find((one) => one === level.toLowerCase());
    if (known === undefined) throw new Error(`unknown log level \`${level}\`; use one of ${levels.join(", ")}`);
    if (target === "") overall = known;
    else if (target === "request") requests = known;
  }
  return { overall, requests };
}

function split(directive: string): [target: string, level: string] {
  const at = directive.indexOf("=");
  return [directive.slice(0, at).trim(), directive.slice(at + 1).trim()];
}

/**
 * What is logged, changeable while running. Written as in RUST_LOG: `info`, `warn,request=info`. Besides the overall
 * level only the target `request` (the access log) has one of its own; levels for other targets have no effect, which loading a
 * configuration warns of: those made for the reference project name its modules.
 */
export class LogLevels {
  private readonly initial: Threshold;
  private current: Threshold;

  /** @throws Error naming the level that does not exist */
  constructor(directives: string) {
    this.initial = parse(directives);
    this.current = this.initial;
  }

  /** Whether the gateway's own messages of that level are shown. */
  shows(level: Exclude<LogLevel, "off">): boolean {
    return rank[level] <= rank[this.current.overall];
  }

  /** Whether the access log is written; its lines have level info. */
  get showsRequests(): boolean {
    return rank.info <= rank[this.current.requests ?? this.current.overall];
  }

  /** @throws Error as the constructor; the level then stays */
  set(directives: string): void {
    this.current = parse(directives);
  }

  /** Back to what the process started with. */
  reset(): void {
    this.current = this.initial;
  }

  toString(): string {
    const { overall, requests } = this.current;
    return requests === undefined ? overall : `${overall},request=${requests}`;
  }
}
