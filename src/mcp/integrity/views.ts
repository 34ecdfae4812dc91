import { hash } from "node:crypto";
import { RecentMap } from "../../base/recent-map.ts";
import type { Pin } from "./pin.ts";

/** Callers without a session whose lists are remembered, by target. */
const maxCallers = 10_000;
/** Lists that are held once for all who were shown them. */
const maxShared = 64;
/** Names of one list. */
const maxNames = 20_000;

/** Who was shown a list: a session, or a caller without one. */
export interface Viewer {
  readonly session: object | undefined;
  /** Names a caller without a session. */
  readonly caller: string;
}

/** What a target offers somebody, by name: the pin of its definition; `unclear` when it was listed with several. */
export interface View {
  readonly pins: ReadonlyMap<string, Pin | "unclear">;
  /** Names views of equal content. */
  readonly digest: string;
  /** Whether it is all there is: no page is missing at its end. */
  readonly complete: boolean;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** A list that somebody is shown, or a further page of it. */
export interface Shown extends Pick<View, "complete" | "at"> {
  readonly pins: readonly Pin[];
  /** Whether it is a further page. */
  readonly continues: boolean;
}

/**
 * What callers were last shown of each target: a server may show each of them other definitions, so a call is judged by
 * those that its caller was shown. Equal lists, which is nearly all of them, are held once.
 */
export class Views {
  private readonly sessions = new WeakMap<object, Map<string, View>>();
  private readonly callers = new RecentMap<string, View>(maxCallers);
  private readonly shared = new RecentMap<string, View["pins"]>(maxShared);

  /** @param place target and kind of list */
  get({ session, caller }: Viewer, place: string): View | undefined {
    return session === undefined ? this.callers.get(`${place}\u0000${caller}`) : this.sessions.get(session)?.get(place);
  }

  /** Notes a list. */
  note(viewer: Viewer, place: string, shown: Shown): View {
    const before = shown.continues ? this.get(viewer, place) : undefined;
    const listed = shown.pins.map(({ fingerprint, name }) => `${fingerprint}${name.length}:${name}`);
    const key = hash("sha256", `${place}\u0000${before?.digest ?? ""}\u0000${listed.join("")}`, "base64url");
    let pins = this.shared.get(key);
    // a pin that was dropped and met again is another object
    if (pins === undefined || shown.pins.some((pin) => pins?.get(pin.name) !== pin)) {
      pins = merged(before?.pins, shown.pins);
      this.shared.set(key, pins);
    }
    const view = { pins, digest: key, complete: shown.complete, at: shown.at };
    const { session, caller } = viewer;
    if (session === undefined) this.callers.set(`${place}\u0000${caller}`, view);
    else {
      const views = this.sessions.get(session);
      if (views === undefined) this.sessions.set(session, new Map([[place, view]]));
      else views.set(place, view);
    }
    return view;
  }
}

function merged(before: View["pins"] | undefined, pins: readonly Pin[]): Map<string, Pin | "unclear"> {
  const all = new Map<string, Pin | "unclear">(before);
  for (const pin of pins) {
    const known = all.get(pin.name);
    if (known === undefined && all.size >= maxNames) continue;
    // two definitions of one name: nobody could say which of them a call means
    all.set(pin.name, known === undefined || known === pin ? pin : "unclear");
  }
  return all;
}
