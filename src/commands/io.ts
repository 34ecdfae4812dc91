import type { LogOutput } from "../telemetry/log/line-writer.ts";

/** What a command may touch of its process; given by main.ts. */
export interface ProcessIo {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Writes to standard output, at once. */
  readonly out: (text: string) => void;
  /** Standard output for log lines, written in large pieces off the event loop. */
  readonly logOutput: LogOutput;
  /** Writes a line to standard error. */
  readonly error: (line: string) => void;
  /** All of standard input. */
  readonly input: () => string;
  /** Calls back on SIGTERM and SIGINT (`stop`) and on SIGHUP (`reload`). */
  readonly onSignal: (handler: (signal: "stop" | "reload") => void) => void;
  /** Calls back with the reason of a rejected promise that nobody handles. Without a handler Node ends the process. */
  readonly onUnhandledRejection: (handler: (reason: unknown) => void) => void;
}
