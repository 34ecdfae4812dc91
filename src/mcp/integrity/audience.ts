import type { Session } from "../session.ts";
import type { PinnedKind } from "./definition.ts";

type Listener = Pick<Session, "closed" | "aside">;

/** Sessions that are remembered. */
const maxSessions = 20_000;
/** Decisions in so many milliseconds are told of at once. */
const windowMs = 100;

/** The sessions that were shown lists, to be told when a decision changes what they would be shown. */
export class Audience {
  private readonly known = new WeakSet<Listener>();
  private sessions: WeakRef<Listener>[] = [];
  private readonly waiting = new Set<PinnedKind>();

  add(session: Listener): void {
    if (this.known.has(session)) return;
    if (this.sessions.length >= maxSessions) {
      this.sessions = this.sessions.filter((one) => one.deref()?.closed === false);
      if (this.sessions.length >= maxSessions) return; // they find out with their next list
    }
    this.known.add(session);
    this.sessions.push(new WeakRef(session));
  }

  /** Those that have a stream for it hear that their list has changed; the others find out with their next one. */
  tell(kind: PinnedKind): void {
    this.waiting.add(kind);
    if (this.waiting.size === 1) setTimeout(() => this.tellNow(), windowMs).unref();
  }

  private tellNow(): void {
    const kinds = [...this.waiting];
    this.waiting.clear();
    for (const session of this.sessions.flatMap((one) => one.deref() ?? [])) {
      if (session.closed) continue;
      for (const kind of kinds) session.aside?.(Buffer.from(`{"jsonrpc":"2.0","method":"notifications/${kind}s/list_changed"}`));
    }
  }
}
