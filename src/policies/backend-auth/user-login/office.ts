import { randomBytes } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { RecentMap } from "../../../base/recent-map.ts";
import type { CompileContext } from "../../../contract/runtime.ts";
import type { StateStore } from "../../../contract/stores.ts";
import { fetchDocument } from "../../../upstream/fetch-document.ts";
import { Discovery } from "./authorization-server.ts";
import type { Challenge } from "./challenge.ts";
import { Clients } from "./client.ts";
import { Renewal } from "./renewal.ts";
import { Seal, sealKeyBytes } from "./seal.ts";
import { Vault } from "./vault.ts";

/** Milliseconds for which a server that wanted a login is taken to want one of everybody. */
const learntForMs = 600_000;
const maxServers = 10_000;
/** Logins that were finished, remembered so that none is finished twice. */
const maxFinished = 20_000;

/** What all logins of the process have in common, whichever policy they are for; it outlives reloads. */
export class LoginOffice {
  readonly clock: Clock;
  readonly vault: Vault;
  readonly discovery: Discovery;
  readonly clients: Clients;
  readonly renewal: Renewal;
  private readonly store: StateStore;
  private readonly servers = new RecentMap<string, { readonly challenge: Challenge; readonly until: number }>(maxServers);
  private readonly finished = new RecentMap<string, true>(maxFinished);
  private sealing: Promise<Seal> | undefined = undefined;

  constructor({ clock, log, stores }: Pick<CompileContext, "clock" | "log" | "stores">) {
    const fetch = fetchDocument;
    const store = stores.secrets;
    this.clock = clock;
    this.store = store;
    this.vault = new Vault({ store, clock, fetch });
    this.discovery = new Discovery(fetch, clock);
    this.clients = new Clients({ store, clock, fetch });
    this.renewal = new Renewal({ vault: this.vault, clients: this.clients, fetch, clock, log });
  }

  /** The seal of links and states; processes that share the store share it, and restarts keep it. */
  seal(): Promise<Seal> {
    this.sealing ??= this.openSeal();
    this.sealing.catch(() => (this.sealing = undefined));
    return this.sealing;
  }

  /** A server refused somebody without a token: it wants a login. */
  learn(server: string, challenge: Challenge): void {
    this.servers.set(server, { challenge, until: this.clock.monotonic() + learntForMs });
  }

  /** What a server lately said when it refused somebody without a token. */
  learnt(server: string): Challenge | undefined {
    const known = this.servers.get(server);
    return known !== undefined && this.clock.monotonic() < known.until ? known.challenge : undefined;
  }

  /** Whether a login was finished before. */
  isFinished(nonce: string): boolean {
    return this.finished.get(nonce) === true;
  }

  /** @returns false when it was finished before */
  finish(nonce: string): boolean {
    if (this.isFinished(nonce)) return false;
    this.finished.set(nonce, true);
    return true;
  }

  private async openSeal(): Promise<Seal> {
    const [kind, row] = ["mcp-login-seal", "key"] as const;
    const known = await this.store.get(kind, row);
    if (known?.length === sealKeyBytes) return new Seal(known);
    await this.store.set(kind, row, randomBytes(sealKeyBytes));
    return new Seal((await this.store.get(kind, row)) as Buffer); // another process may have set its own meanwhile
  }
}

/** The process's one. */
export function acquireOffice(context: CompileContext): LoginOffice {
  return context.resources.acquire("user logins", () => new LoginOffice(context));
}
