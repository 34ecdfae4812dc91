import type { CompiledBind, Log } from "../contract/runtime.ts";
import { openBind, type OpenBind } from "./listen.ts";
import type { BindHooks } from "./receive.ts";
import { asksClients } from "./tls-server.ts";

interface Held {
  readonly open: OpenBind;
  /** What it was opened with; another text means another socket. */
  readonly fingerprint: string;
  /** The certificates that it serves with, as text. */
  certificates: string;
}

/** The ports that are open now. A reload opens what is new and drains what is gone; what stays is never interrupted. */
export class Binds {
  private readonly held = new Map<string, Held>();
  /** Ports that take no new connections any more and still have old ones. */
  private readonly draining = new Set<OpenBind>();
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
      if (wanted !== undefined && fingerprint(wanted) === held.fingerprint) renew(held, wanted);
      else this.drainOne(key, held.open, drainMs);
    }
    for (const [key, bind] of binds) {
      if (this.held.has(key)) continue;
      try {
        const open = await openBind(bind, bind.socket, this.hooksFor(key));
        this.held.set(key, { open, fingerprint: fingerprint(bind), certificates: certificatesOf(bind) });
        this.log.info("listening", {
          bind: key,
          host: bind.host,
          port: open.port,
          protocol: bind.socket.tls === undefined ? "http" : "https",
        });
      } catch (cause) {
        failures.push(new Error(`cannot listen on port ${bind.port} (${key}): ${explain(cause)}`, { cause }));
      }
    }
    return failures;
  }

  /** Closes every port: no new connections, requests in flight get until the deadline. A second call can bring it nearer. */
  async close(deadlineMs: number): Promise<void> {
    for (const [key, { open }] of this.held) this.drainOne(key, open, deadlineMs);
    await Promise.all([...this.draining].map((open) => open.drain(deadlineMs)));
  }

  /** The port itself is free at once; the old connections end in their own time. */
  private drainOne(key: string, open: OpenBind, deadlineMs: number): void {
    this.held.delete(key);
    this.draining.add(open);
    void open.drain(deadlineMs).finally(() => this.draining.delete(open));
  }
}

/** New certificates need no new socket. */
function renew(held: Held, bind: CompiledBind): void {
  const certificates = certificatesOf(bind);
  if (certificates === held.certificates) return;
  held.certificates = certificates;
  held.open.renew(bind.socket.tls?.certificates ?? []);
}

function certificatesOf({ socket }: CompiledBind): string {
  return JSON.stringify(socket.tls?.certificates ?? []);
}

function fingerprint({ host, port, socket }: CompiledBind): string {
  const tls = socket.tls && { handshakeTimeoutMs: socket.tls.handshakeTimeoutMs, asksClients: asksClients(socket.tls) };
  return JSON.stringify([host, port, { ...socket, tls }]);
}

function explain(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") return "the port is already in use by another process";
  if (code === "EACCES") return "no permission (ports below 1024 need privileges)";
  return cause instanceof Error ? cause.message : String(cause);
}
