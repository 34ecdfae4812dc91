import type { Clock } from "../../base/clock.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Log } from "../../contract/runtime.ts";
import { withoutLineEnds } from "../event-stream.ts";
import { parseObject } from "../message.ts";
import type { McpLimits, SpawnedProcess, SpawnProcess, SpawnSettings } from "../settings.ts";
import { LineReader } from "./line-reader.ts";
import { LogBudget } from "./log-budget.ts";

export interface StdioProcessSettings {
  readonly target: string;
  readonly spawn: SpawnProcess;
  readonly command: SpawnSettings;
  readonly limits: McpLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly onMessage: (line: Buffer, message: JsonObject) => void;
  /** It is gone, for the reason given: exited, could not be started, closed, or broke the protocol. Once. */
  readonly onGone: (reason: string) => void;
}

/** A running MCP server: one JSON-RPC message a line (specification, "Transports: stdio"). */
export class StdioProcess {
  private readonly settings: StdioProcessSettings;
  private readonly child: SpawnedProcess;
  /** Resolves when the process, and with it its group, is gone. */
  readonly exited: Promise<void>;
  private gone = false;
  /** A client is behind. */
  private held = false;
  private givingWay = false;

  constructor(settings: StdioProcessSettings) {
    this.settings = settings;
    const { target, limits, log } = settings;
    this.child = settings.spawn(settings.command);
    const reader = new LineReader(
      limits.maxMessageBytes,
      (line) => this.read(line),
      () => this.end(`sent a line of more than ${limits.maxMessageBytes} bytes`),
    );
    this.child.stdout.on("data", (chunk: Buffer) => {
      reader.feed(chunk);
      if (chunk.length >= fullReadBytes) this.giveWay();
    });
    this.child.stdout.on("error", (error) => this.end(`output broke: ${error.message}`));
    this.child.stdout.once("end", () => this.silenced());
    this.child.stdin.on("error", (error) => this.end(`input broke: ${error.message}`));
    this.logErrors();
    this.exited = new Promise((resolve) => {
      this.child.onExit((reason) => {
        log.info("mcp server process ended", { target, reason });
        this.finish(reason);
        resolve();
      });
    });
  }

  /** Writes what is not worth an error: when the process is gone, or does not read, it goes without. */
  tell(message: Buffer): void {
    if (!this.gone && this.child.stdin.writableLength + message.length <= this.settings.limits.maxWaitingBytes) this.send(message);
  }

  /** Writes one message. @throws Error when the process is gone or does not read what it was sent */
  send(message: Buffer): void {
    if (this.gone) throw new Error("the process has ended");
    const { stdin } = this.child;
    if (stdin.writableLength + message.length > this.settings.limits.maxWaitingBytes)
      throw new Error("the process does not read its input");
    stdin.write(Buffer.concat([withoutLineEnds(message), lineFeed]));
  }

  /** Holds back or lets go of what it sends; the pipe fills, and the process waits. */
  flow(on: boolean): void {
    this.held = !on;
    if (!on) this.child.stdout.pause();
    else if (!this.givingWay) this.child.stdout.resume();
  }

  /** One that writes without pause gets its turn among the others: a pipe alone would be read until it is empty. */
  private giveWay(): void {
    if (this.givingWay) return;
    this.givingWay = true;
    this.child.stdout.pause();
    setImmediate(() => {
      this.givingWay = false;
      if (!this.held || this.gone) this.child.stdout.resume();
    });
  }

  /** Ends it: end of input and SIGTERM now, SIGKILL if that does not help in time. Resolves when it is gone. */
  close(): Promise<void> {
    this.end("closed");
    return this.exited;
  }

  /** Its output is over: it is about to exit, or it lives on and cannot answer any more. */
  private silenced(): void {
    const timer = setTimeout(() => this.end("closed its output"), exitGraceMs);
    void this.exited.then(() => clearTimeout(timer));
  }

  private end(reason: string): void {
    if (this.gone) return;
    this.child.stdin.end();
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), this.settings.limits.killAfterMs);
    void this.exited.then(() => clearTimeout(timer));
    this.child.stdout.resume();
    this.finish(reason);
  }

  private finish(reason: string): void {
    if (this.gone) return;
    this.gone = true;
    this.settings.onGone(reason);
  }

  private read(line: Buffer): void {
    if (this.gone) return;
    const message = parseObject(line);
    if (message !== undefined) this.handle(line, message);
    else this.settings.log.debug("mcp server wrote a line that is no message", { target: this.settings.target, bytes: line.length });
  }

  /** Whatever a process writes must not be the gateway's end. */
  private handle(line: Buffer, message: JsonObject): void {
    try {
      this.settings.onMessage(line, message);
    } catch (thrown) {
      this.end(`wrote a message that cannot be handled: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  private logErrors(): void {
    const { target, log, clock } = this.settings;
    const budget = new LogBudget(clock, stderrLinesPerSecond);
    const write = (line: Buffer): void => {
      const dropped = budget.take();
      if (dropped === undefined) return;
      const text = line.toString("utf8", 0, maxStderrLineBytes);
      log.info("mcp server stderr", dropped === 0 ? { target, line: text } : { target, line: text, dropped });
    };
    const reader = (): LineReader => new LineReader(maxStderrBytes, write, () => (lines = reader()));
    let lines = reader();
    this.child.stderr.on("data", (chunk: Buffer) => lines.feed(chunk));
    this.child.stderr.on("error", () => {}); // its end is the process's, which is told elsewhere
  }
}

/** Bytes that a read of a pipe has when there is more behind it. */
const fullReadBytes = 65_536;
/** Milliseconds between the end of its output and its exit. */
const exitGraceMs = 500;
const stderrLinesPerSecond = 20;
/** Bytes of a line that go to the log. */
const maxStderrLineBytes = 2_048;
/** Bytes of a line that are kept while its end is awaited. */
const maxStderrBytes = 65_536;
const lineFeed = Buffer.from("\n");
