import type { CompiledBind, Log } from "../contract/runtime.ts";
import { openBind, type OpenBind } from "./listen.ts";
import type { BindHooks } from "./receive.ts";

interface Held {
  readonly open: OpenBind;
  /** What it was opened with; another text means another socket. */
  readonly fingerprint: string;
}

/** The ports that are open now. A reload opens what is new and drains what is gone; what stays is never interrupted. */
export class Binds {
  private readonly held = new Map<string, Held>();
  private readonly hooksFor: (key: string) => BindHooks;
  private readonly log: Log;

  constructor(hooksFor: (key: string) => BindHooks, log: Log) {
    this.hooksFor = hooksFor;
    this.log = log;
  }

  /** The ports that are open, by the bind's key. */
  get ports(): ReadonlyMap<string, number> {
    return new Map([...this.held].map(([key, { open }]) => [key, open.port]));
  }

  /**
   * Makes the open ports those of the configuration.
   * @returns what could not be opened; the others are open all the same.
   */
  async apply(binds: ReadonlyMap<string, CompiledBind>, drainMs: number): Promise<Error[]> {
    const failures: Error[] = [];
    for (const [key, held] of this.held) {
      const wanted = binds.get(key);
      if (wanted !== undefined && fingerprint(wanted) === held.fingerprint) continue;
      this.held.delete(key);
      void held.open.drain(drainMs); // the port itself is free at once; the old connections end in their own time
    }
    for (const [key, bind] of binds) {
      if (this.held.has(key)) continue;
      try {
        const open = await openBind(bind, bind.socket, this.hooksFor(key));
        this.held.set(key, { open, fingerprint: fingerprint(bind) });
        this.log.info("listening", {
          bind: key,
          host: bind.host,
          port: open.port,
          protocol: bind.socket.tls === undefined ? "http" : "https",
        });
      } catch (cause) {
        failures.push(new Error(`cannot listen on ${bind.host}:${bind.port}: ${explain(cause)}`, { cause }));
      }
    }
    return failures;
  }

  /** Closes every port: no new connections, requests in flight get until the deadline. */
  async close(deadlineMs: number): Promise<void> {
    const all = [...this.held.values()];
    this.held.clear();
    await Promise.all(all.map(({ open }) => open.drain(deadlineMs)));
  }
}

function fingerprint(bind: CompiledBind): string {
  return JSON.stringify([bind.host, bind.port, bind.socket]);
}

function explain(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") return "the port is already in use by another process";
  if (code === "EACCES") return "no permission (ports below 1024 need privileges)";
  return cause instanceof Error ? cause.message : String(cause);
}
