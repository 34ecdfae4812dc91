import type { Clock } from "../base/clock.ts";
import { isJsonObject } from "../base/json.ts";
import { afterwards } from "./afterwards.ts";
import { type Delivery, type Leg, ownRequest } from "./delivery.ts";
import type { LastLists } from "./last-lists.ts";
import type { ChangeNotice, Session } from "./session.ts";

export interface ListChangesSettings {
  readonly clock: Clock;
  readonly delivery: Delivery;
  readonly lists: LastLists;
  /** Milliseconds between two notifications of a kind to one client. */
  readonly windowMs: number;
  /** Milliseconds a target has to answer with a list that is only looked at. */
  readonly timeoutMs: number;
  readonly maxPages: number;
  /** What a session was shown may not be so any more. */
  readonly forget: (session: Session) => void;
}

/**
 * Tells clients that lists have changed: not more often than once a while, and not when what they were last shown is
 * still so. A server that starts anew, or that announces every change of a file, would have all its clients list
 * everything again.
 */
export class ListChanges {
  private readonly settings: ListChangesSettings;

  constructor(settings: ListChangesSettings) {
    this.settings = settings;
  }

  /** Whether a message of a target says that a list has changed; it is then told here, and needs no passing on. */
  take(leg: Leg, message: Buffer): boolean {
    if (leg.session.aside === undefined || !message.includes(listChanged)) return false;
    const kind = kindIn(message);
    if (kind === undefined) return false;
    this.changed(leg, kind);
    return true;
  }

  /** A target's list of a kind may have changed. */
  changed(leg: Leg, kind: ListKind): void {
    const { session, link } = leg;
    const { clock, windowMs } = this.settings;
    this.settings.forget(session);
    const last = session.changes.get(kind);
    if (last?.link !== undefined) {
      // of several targets, or while the list is being looked at: it is told without another look
      if (last.link !== link || last.looking) last.certain = true;
      return;
    }
    const now = clock.monotonic();
    const waitMs = last === undefined ? 0 : Math.max(0, last.toldAt + windowMs - now);
    const notice: ChangeNotice = { link, looking: false, certain: false, toldAt: now };
    session.changes.set(kind, notice);
    if (waitMs === 0) void this.settle(leg, kind, notice);
    else setTimeout(() => void this.settle(leg, kind, notice), waitMs).unref();
  }

  private async settle(leg: Leg, kind: ListKind, notice: ChangeNotice): Promise<void> {
    const { session, link } = leg;
    const shown = listsOf[kind].filter((method) => this.settings.lists.digest(link, request(leg, method)) !== undefined);
    if (shown.length > 0 && !notice.certain) {
      notice.looking = true;
      const inWhoseName = { ...leg, exchange: afterwards(leg.exchange), timeoutMs: this.settings.timeoutMs };
      const differ = await Promise.all(shown.map((method) => this.differs(inWhoseName, method).catch(() => true)));
      notice.certain ||= differ.includes(true);
    }
    notice.link = undefined;
    notice.toldAt = this.settings.clock.monotonic();
    if (session.closed || (shown.length > 0 && !notice.certain)) return;
    session.aside?.(Buffer.from(`{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}`));
  }

  /** Whether a list is another than the one the client was last shown. */
  private async differs(leg: Leg, method: string): Promise<boolean> {
    const { delivery, lists, maxPages } = this.settings;
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      const asked = request(leg, method, cursor);
      const before = lists.digest(leg.link, asked);
      const { value } = await delivery.request(leg, asked);
      if (before === undefined || lists.digest(leg.link, asked) !== before || !isJsonObject(value["result"])) return true;
      const next = value["result"]["nextCursor"];
      if (typeof next !== "string") return false;
      cursor = next;
    }
    return false;
  }
}

export type ListKind = "tools" | "prompts" | "resources";

export const listKinds: readonly ListKind[] = ["tools", "prompts", "resources"];

const listsOf: { readonly [Kind in ListKind]: readonly string[] } = {
  tools: ["tools/list"],
  prompts: ["prompts/list"],
  resources: ["resources/list", "resources/templates/list"],
};

function kindIn(message: Buffer): ListKind | undefined {
  return listKinds.find((kind) => message.includes(`"notifications/${kind}/list_changed"`));
}

function request({ session }: Leg, method: string, cursor?: string): ReturnType<typeof ownRequest> {
  return ownRequest(session.nextId(), method, Buffer.from(cursor === undefined ? "{}" : JSON.stringify({ cursor })));
}

const listChanged = Buffer.from("/list_changed");
