import { type Endpoint, textReply } from "../endpoint.ts";

/** The log level as the endpoint sees it; telemetry's LogLevels. */
export interface ChangeableLevels {
  /** @throws Error for a level that does not exist */
  set(directives: string): void;
  reset(): void;
  toString(): string;
}

/** Shows and changes what is logged, until the process ends. */
export function logging(levels: ChangeableLevels): Endpoint {
  return {
    method: "POST",
    path: "/logging",
    summary: "?level=debug changes the log level, ?level=reset takes the change back, nothing shows it",
    handle({ query }) {
      const level = query.get("level");
      try {
        if (level === "reset") levels.reset();
        else if (level !== null) levels.set(level);
      } catch (error) {
        return textReply(400, error instanceof Error ? error.message : String(error));
      }
      return textReply(200, `current log level is ${levels.toString()}`);
    },
  };
}
