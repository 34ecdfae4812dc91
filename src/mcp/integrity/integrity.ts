import { hash } from "node:crypto";
import { RecentMap } from "../../base/recent-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Log } from "../../contract/runtime.ts";
import type { Item } from "../item.ts";
import type { Names } from "../names.ts";
import { principalOf } from "../../contract/principal.ts";
import type { Link, Session } from "../session.ts";
import type { ToolIntegritySettings } from "../settings.ts";
import { type Definition, isPinned, type PinnedKind, readDefinition } from "./definition.ts";
import { examine } from "./examine.ts";
import { type Finding, isGrave } from "./findings.ts";
import type { Pin, PinState } from "./pin.ts";
import type { Pins } from "./pins.ts";
import type { IntegrityReports } from "./reports.ts";
import { ToolNames } from "./tool-names.ts";
import type { Viewer } from "./views.ts";

/** An element of a list. */
export interface Listed {
  readonly item: Item;
  /** Its name for clients. */
  readonly published: string;
  /** As its server sent it, JSON text. */
  readonly definition: Buffer;
}

/** Whose list, and which part of it. */
export interface ListPlace {
  readonly exchange: Exchange;
  readonly session: Session;
  /** A further page of a list whose first one was seen. */
  readonly continues: boolean;
  /** Whether there are further pages, which were not asked for. */
  readonly more?: boolean;
}

/** A call that asks whether it may be made. */
export interface AskedCall {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly link: Link;
  readonly item: Item;
}

export interface IntegritySettings extends ToolIntegritySettings {
  readonly pins: Pins;
  readonly reports: IntegrityReports;
  readonly clock: Clock;
  readonly log: Log;
  /** Names of the targets that there are. */
  readonly targets: ReadonlySet<string>;
  /** Whether names for clients tell targets apart. */
  readonly prefixed: boolean;
  /** A tool's name for clients. */
  readonly publish: Names["publish"];
  /** Lists what the call's target offers its caller, and shows that to `admit`. */
  readonly look: (call: AskedCall) => Promise<void>;
}

/** Definitions that are known by their bytes. */
const maxKnown = 65_536;
/** Milliseconds in which definitions are looked at before others have their turn. */
const turnMs = 10;
/** Milliseconds for which a name that a target did not list is taken for one that it does not have. */
const lookAgainMs = 5_000;

/**
 * Whether definitions of tools and prompts are those that were approved. Lists show it what there is; calls are judged by
 * what their caller was last shown. One for each backend and runtime; what it knows is in `Pins`.
 */
export class Integrity {
  private readonly settings: IntegritySettings;
  private readonly names: ToolNames;
  /** Version of the names against which a definition was examined. */
  private readonly examined = new WeakMap<Pin, number>();
  private readonly known = new RecentMap<string, Pin>(maxKnown);
  private seeded = false;
  private readonly looking = new Map<string, Promise<void>>();

  constructor(settings: IntegritySettings) {
    this.settings = settings;
    this.names = new ToolNames(settings.prefixed);
  }

  /** Whether what is not approved is hidden. */
  get blocks(): boolean {
    return this.settings.mode === "block";
  }

  /**
   * Has the pins at hand; must have settled before `admit`.
   * @throws what the state store throws, when definitions that nobody can vouch for would be shown without it
   */
  async ready(): Promise<void> {
    const { pins, log } = this.settings;
    try {
      await pins.ready();
      if (!this.seeded) this.seed();
    } catch (error) {
      if (this.blocks) throw new Error("the approved tool definitions cannot be read", { cause: error });
      log.error("pinned tool definitions cannot be read; nothing is compared", { backend: pins.backend, error });
    }
  }

  /** Tools that were known before, of targets that are there still: some lists come without those of the others. */
  private seed(): void {
    this.seeded = true;
    const { pins, targets, publish } = this.settings;
    for (const pin of pins.all()) {
      if (pin.kind === "tool" && targets.has(pin.target)) this.names.note(pin.target, pin.name, publish(pin));
    }
  }

  /** Looks at definitions that are new, a few in a turn of the event loop: then `admit` has nothing to look at. */
  async study(entries: readonly Listed[]): Promise<void> {
    const { pins, clock } = this.settings;
    if (!pins.isReady) return;
    this.noteNames(entries);
    let turnEnds = clock.monotonic() + turnMs;
    for (const entry of entries) {
      if (!isPinned(entry.item.kind)) return;
      this.pinOf(entry);
      if (clock.monotonic() < turnEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = clock.monotonic() + turnMs;
    }
  }

  private noteNames(entries: readonly Listed[]): void {
    for (const { item, published } of entries) if (item.kind === "tool") this.names.note(item.target, item.name, published);
  }

  /** Takes note of a list. @returns the elements that may be shown */
  admit<T extends Listed>(place: ListPlace, entries: readonly T[]): readonly T[] {
    const { pins: store } = this.settings;
    if (!entries.some(({ item }) => isPinned(item.kind))) return entries;
    if (!store.isReady) return this.blocks ? [] : entries;
    this.noteNames(entries);
    const pins = entries.map((entry) => this.pinOf(entry));
    if (!this.blocks) return entries;
    const views = this.note(place, pins);
    return entries.filter(({ item }) => {
      const pin = views.get(placeOf(item))?.get(item.name);
      return pin !== undefined && pin !== "unclear" && pin.state === "approved";
    });
  }

  /** A list of a target could not be compared: its JSON has a key twice, and readers take one or the other. */
  unreadable(target: string): void {
    this.settings.reports.unreadable(target);
  }

  /**
   * Whether a call goes to a definition that is approved. Where its caller was not shown the tool, the target's list is read first.
   * @throws TargetFailure when that cannot be had
   */
  permits(call: AskedCall): boolean | Promise<boolean> {
    if (!this.blocks || !isPinned(call.item.kind)) return true;
    return this.standing(call) ?? this.permitsAfterLook(call);
  }

  /** Whether what its caller was last shown of an item is approved; of one that was not shown nothing is. */
  isApproved(asked: Omit<AskedCall, "link">): boolean {
    return !this.blocks || !isPinned(asked.item.kind) || this.standing(asked) === true;
  }

  /** undefined when it has to be looked up. */
  private standing({ exchange, session, item }: Omit<AskedCall, "link">): boolean | undefined {
    const { pins, clock } = this.settings;
    const view = pins.views.get(viewerOf(exchange, session), placeOf(item));
    const pin = view?.pins.get(item.name);
    if (pin !== undefined) return pin !== "unclear" && pin.state === "approved";
    return view?.complete === true && clock.monotonic() - view.at < lookAgainMs ? false : undefined;
  }

  private async permitsAfterLook(call: AskedCall): Promise<boolean> {
    await this.ready();
    const { session, exchange, item } = call;
    const viewer = viewerOf(exchange, session);
    const key = `${session.id ?? viewer.caller}\u0000${placeOf(item)}`;
    // whoever looks for us may leave in the middle: then this one looks for itself
    await this.looking.get(key)?.catch(() => {});
    const known = this.standing(call);
    if (known !== undefined) return known;
    const look = this.looking.get(key) ?? this.look(key, call);
    await look;
    return this.standing(call) ?? false;
  }

  private look(key: string, call: AskedCall): Promise<void> {
    const { pins, clock } = this.settings;
    const { exchange, session, item } = call;
    const viewer = viewerOf(exchange, session);
    const before = pins.views.get(viewer, placeOf(item));
    const looking = this.settings
      .look(call)
      .then(() => {
        if (pins.views.get(viewer, placeOf(item)) !== before) return;
        // the target listed nothing
        pins.views.note(viewer, placeOf(item), { pins: [], continues: false, complete: true, at: clock.monotonic() });
      })
      .finally(() => this.looking.delete(key));
    this.looking.set(key, looking);
    return looking;
  }

  /** Remembers who was shown what. */
  private note(
    { exchange, session, continues, more = false }: ListPlace,
    pins: readonly Pin[],
  ): Map<string, ReadonlyMap<string, Pin | "unclear">> {
    const { pins: store, clock } = this.settings;
    const byPlace = new Map<string, Pin[]>();
    for (const pin of pins) {
      if (!pin.held) continue; // as good as unknown
      const place = placeOf(pin);
      const others = byPlace.get(place);
      if (others === undefined) byPlace.set(place, [pin]);
      else others.push(pin);
    }
    const viewer = viewerOf(exchange, session);
    if (viewer.session !== undefined) store.audience.add(session);
    const at = clock.monotonic();
    const shown = { continues, complete: !more, at };
    return new Map(Array.from(byPlace, ([place, all]) => [place, store.views.note(viewer, place, { pins: all, ...shown }).pins]));
  }

  /** The pin of an element; made where its definition is new. */
  private pinOf({ item, definition: bytes }: Listed): Pin {
    const { pins } = this.settings;
    const kind = item.kind as PinnedKind;
    const key = `${kind}\u0000${item.target}\u0000${hash("sha256", bytes, "base64url")}`;
    const others = this.names.versionFor(item.target);
    const known = this.known.get(key);
    if (known !== undefined && this.isCurrent(known) && this.examined.get(known) === others) return known;
    const definition = readDefinition(kind, bytes);
    let pin = pins.of({ ...item, kind }).find(({ fingerprint }) => fingerprint === definition.fingerprint);
    if (pin === undefined) pin = this.firstMet({ ...item, kind }, definition);
    else if (this.examined.get(pin) !== others) this.examineAgain(pin, definition);
    this.examined.set(pin, others);
    this.known.set(key, pin);
    return pin;
  }

  /** One that made room for others is met anew; one for which there never was room stays out. */
  private isCurrent(pin: Pin): boolean {
    return pin.held || !this.settings.pins.hasRoom(pin.target);
  }

  private firstMet({ kind, target, name }: Item & { readonly kind: PinnedKind }, definition: Definition): Pin {
    const { pins, approve, clock, reports } = this.settings;
    const { fingerprint } = definition;
    const findings = examine({ kind, target, name }, definition, this.names);
    const state = this.firstState(pins.of({ kind, target, name }), findings);
    const by = state === "approved" ? "firstSight" : "server";
    const pin: Pin = { kind, target, name, fingerprint, state, since: clock.wall(), by, findings, held: false };
    const kept = pins.add(pin, definition);
    if (kept === undefined) reports.full(pin);
    else reports.met(pin, { explicit: approve === "explicit" });
    reports.found(pin, findings);
    return pin;
  }

  private firstState(others: readonly Pin[], findings: readonly Finding[]): PinState {
    if (others.some(({ state }) => state === "approved" || state === "changed" || state === "rejected")) return "changed";
    if (others.length > 0 || this.settings.approve === "explicit" || findings.some(isGrave)) return "pending";
    return "approved";
  }

  /** Other targets have tools that were not known before. What was approved stays so. */
  private examineAgain(pin: Pin, definition: Definition): void {
    const findings = examine(pin, definition, this.names);
    const before = new Set(pin.findings.map(({ kind, detail }) => `${kind} ${detail}`));
    const fresh = findings.filter(({ kind, detail }) => !before.has(`${kind} ${detail}`));
    if (fresh.length === 0 && findings.length === pin.findings.length) return;
    pin.findings = findings;
    this.settings.pins.update(pin);
    this.settings.reports.found(pin, fresh);
  }
}

function placeOf({ kind, target }: Pick<Item, "kind" | "target">): string {
  return `${kind}\u0000${target}`;
}

/** A session is shown its own lists; without one, those of the same caller count. The caller is not to be readable. */
function viewerOf({ identity }: Exchange, session: Session): Viewer {
  if (session.id !== undefined) return { session, caller: "" };
  const principal = principalOf(identity);
  return { session: undefined, caller: principal === undefined ? "" : hash("sha256", principal, "base64url") };
}
