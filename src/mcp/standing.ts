import { JsonView } from "./json-view.ts";
import type { Outbound } from "./upstream/target.ts";

/** What a server keeps for the length of a session because the client once asked for it. */
export interface StandingRequest {
  readonly method: string;
  /** As the server understands it. JSON text. */
  readonly params: Buffer;
  /** Only for a server that has this capability. */
  readonly capability?: string;
}

/**
 * The requests of one client that one server is to remember: its log level and the resources it subscribed to. A server
 * that starts a new session knows nothing of them and has to be told again.
 */
export class Standing {
  /** Made when there is something to hold: most servers are asked for nothing of the kind, and links are many. */
  private byKey: Map<string, StandingRequest> | undefined;

  /** Notes a request that a server has accepted; most are of no lasting effect. */
  note({ method, bytes }: Pick<Outbound, "method" | "bytes">, params: Readonly<Record<string, unknown>> | undefined): void {
    switch (method) {
      case "logging/setLevel":
        this.keep("level", method, bytes);
        break;
      case "resources/subscribe":
        this.keep(`resource ${String(params?.["uri"])}`, method, bytes);
        break;
      case "resources/unsubscribe":
        this.byKey?.delete(`resource ${String(params?.["uri"])}`);
        break;
      case undefined:
      default:
    }
  }

  /** Notes the log level for a session that nobody has opened yet. */
  level(level: string): void {
    const held = (this.byKey ??= new Map());
    held.set("level", { method: "logging/setLevel", params: Buffer.from(JSON.stringify({ level })), capability: "logging" });
  }

  /** What to tell the server again, in the order it was said. */
  requests(): readonly StandingRequest[] {
    return this.byKey === undefined ? [] : [...this.byKey.values()];
  }

  private keep(key: string, method: string, bytes: Buffer): void {
    const params = new JsonView(bytes).member("params")?.bytes;
    if (params === undefined) return;
    const held = (this.byKey ??= new Map());
    held.delete(key);
    held.set(key, { method, params });
    const [oldest] = held.keys();
    if (held.size > maxStanding && oldest !== undefined) held.delete(oldest);
  }
}

/** Requests remembered, a session and server; the oldest go first. */
const maxStanding = 128;
