import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent-map.ts";
import type { CatalogueEntry, Item } from "./item.ts";

/** A list of all targets at one moment, before any rule about who may see what. */
export interface Snapshot {
  /** In the order of the targets, and in theirs. */
  readonly entries: readonly CatalogueEntry[];
  /** What a name stands for; of several items none can be called. Empty for lists whose elements go by a URI. */
  readonly owners: ReadonlyMap<string, readonly Item[]>;
  /** The names that several items have. */
  readonly contested: ReadonlySet<string>;
}

/** @param named the elements go by names, which have to be of one item each, and not by URIs */
export function snapshotOf(entries: readonly CatalogueEntry[], named: boolean): Snapshot {
  const owners = named ? ownersOf(entries) : new Map<string, Item[]>();
  return { entries, owners, contested: contestedIn(owners) };
}

/** Elements of a list less those whose name several of them have: nobody could say whose a call is. */
export function withoutConflicts(entries: readonly CatalogueEntry[], { contested }: Snapshot): readonly CatalogueEntry[] {
  if (contested.size === 0) return entries;
  const still = contestedIn(ownersOf(entries.filter(({ published }) => contested.has(published))));
  return entries.filter(({ published }) => !still.has(published));
}

function ownersOf(entries: readonly CatalogueEntry[]): Map<string, Item[]> {
  const owners = new Map<string, Item[]>();
  for (const { published, item } of entries) {
    const others = owners.get(published);
    if (others === undefined) owners.set(published, [item]);
    else if (!others.some(({ target, name }) => target === item.target && name === item.name)) others.push(item);
  }
  return owners;
}

function contestedIn(owners: ReadonlyMap<string, readonly Item[]>): Set<string> {
  const contested = new Set<string>();
  for (const [published, items] of owners) if (items.length > 1) contested.add(published);
  return contested;
}

/** What a caller was shown. */
export interface Shown {
  readonly snapshot: Snapshot;
  /** Targets whose part is an older one. */
  readonly stale: readonly string[];
}

/** The lists of one caller, by list. */
export type Shelf = Map<string, { readonly digest: string; readonly stale: readonly string[]; readonly at: number }>;

/** A list that was just asked for. */
export interface NewList {
  readonly stale: readonly string[];
  /** What tells it from others. */
  readonly parts: readonly Uint8Array[];
  /** Bytes of the texts that it is made from. */
  readonly bytes: number;
  readonly make: () => Snapshot;
}

export interface SnapshotsSettings {
  readonly clock: Clock;
  /** Milliseconds after which a list has to be asked for again. */
  readonly maxAgeMs: number;
  /** Of all lists that are kept; roughly, since what is made of a text takes room too. */
  readonly maxBytes: number;
}

/**
 * The lists that callers were shown, for their further pages and for finding out what a name stands for. Each caller has
 * its own, since a server may show different ones; equal ones, which is nearly all of them, are held once.
 */
export class Snapshots {
  private readonly settings: SnapshotsSettings;
  private readonly shelves = new RecentMap<string, Shelf>(maxCallers);
  /** By digest; those that were not used for longest come first. */
  private readonly contents = new Map<string, { readonly snapshot: Snapshot; readonly bytes: number }>();
  private bytes = 0;

  constructor(settings: SnapshotsSettings) {
    this.settings = settings;
  }

  /** To be fetched before a list is asked for: what `forget` was called for meanwhile is kept on it in vain. */
  shelf(caller: string): Shelf {
    const known = this.shelves.get(caller);
    if (known !== undefined) return known;
    const shelf: Shelf = new Map();
    this.shelves.set(caller, shelf);
    return shelf;
  }

  find(caller: string, list: string): Shown | undefined {
    const kept = this.shelves.get(caller)?.get(list);
    if (kept === undefined || this.settings.clock.monotonic() - kept.at > this.settings.maxAgeMs) return undefined;
    const snapshot = this.content(kept.digest);
    return snapshot === undefined ? undefined : { snapshot, stale: kept.stale };
  }

  /** What is held of a list already, for whomever. */
  held(parts: NewList["parts"]): Snapshot | undefined {
    return this.content(digestOf(parts));
  }

  /** What is kept for a list: where the same is held already, that. */
  keep(shelf: Shelf, list: string, { stale, parts, bytes, make }: NewList): Snapshot {
    const digest = digestOf(parts);
    const snapshot = this.content(digest) ?? this.hold(digest, make(), bytes);
    if (shelf.size >= maxLists && !shelf.has(list)) shelf.clear();
    shelf.set(list, { digest, stale, at: this.settings.clock.monotonic() });
    return snapshot;
  }

  /** Lists of that caller may have changed. */
  forget(caller: string): void {
    this.shelves.delete(caller);
  }

  private content(digest: string): Snapshot | undefined {
    const content = this.contents.get(digest);
    if (content === undefined) return undefined;
    this.contents.delete(digest);
    this.contents.set(digest, content);
    return content.snapshot;
  }

  private hold(digest: string, snapshot: Snapshot, textBytes: number): Snapshot {
    const bytes = textBytes + snapshotBytes + snapshot.entries.length * entryBytes;
    this.contents.set(digest, { snapshot, bytes });
    this.bytes += bytes;
    for (const [oldest, content] of this.contents) {
      if (this.bytes <= this.settings.maxBytes) break;
      this.contents.delete(oldest);
      this.bytes -= content.bytes;
    }
    return snapshot;
  }
}

/** Each part with its length in front, so that no two sequences are one text. */
function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest("base64url");
}

const maxCallers = 8_192;
/** A caller; there are four lists, and parts of two of them for single targets. */
const maxLists = 64;
/** What a list, and an element, takes beside its text. */
const snapshotBytes = 1_024;
const entryBytes = 512;
