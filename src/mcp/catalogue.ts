import { isJsonObject, type JsonObject } from "../base/json.ts";
import { within } from "../base/deadline.ts";
import { spliceJsonMembers } from "../base/json-members.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { RpcId } from "../contract/mcp.ts";
import type { Log } from "../contract/runtime.ts";
import { type Cursor, digestOfNames, positionIn, readCursor, writeCursor } from "./cursor.ts";
import type { Decision } from "./decision.ts";
import { type Delivery, type Leg, ownRequest } from "./delivery.ts";
import { type Answer, fanOut, type FanOutSettings } from "./fan-out.ts";
import type { ListPlace } from "./integrity/integrity.ts";
import type { CatalogueEntry, Item, ItemKind } from "./item.ts";
import { withoutHiddenApp } from "./hidden-app.ts";
import { AmbiguousKey, JsonView, replace, splice } from "./json-view.ts";
import type { LastLists } from "./last-lists.ts";
import type { LoginRequests } from "./login-required.ts";
import { parseObject } from "./message.ts";
import type { Names } from "./names.ts";
import { publishToolMeta } from "./publish-result.ts";
import { ServerResponse } from "./read-response.ts";
import { rpcError } from "./rpc-error.ts";
import type { Link, Session } from "./session.ts";
import type { McpLimits } from "./settings.ts";
import { type Shown, type Snapshot, Snapshots, type SnapshotsSettings, snapshotOf, withoutConflicts } from "./snapshots.ts";
import { TargetFailure } from "./target-failure.ts";
import type { ListMethod } from "./wire/revision.ts";

/** Whose list, and in which words. */
export interface ListRequest {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly links: readonly Link[];
  readonly name: string;
  readonly method: ListMethod;
  /** The client's `params`, JSON text of an object; `{}` for a list of the gateway's own. */
  readonly params: Buffer;
  /** Where to begin; absent for the beginning. */
  readonly cursor: unknown;
  /** The client's id, under which a cancellation finds the first page. */
  readonly id: RpcId | undefined;
  /** Whoever is shown the same when asking again; without it every request asks the targets. */
  readonly caller: string | undefined;
  /** Requests and notifications that a target sends before its answer. */
  readonly onMessage: (link: Link, message: Buffer) => void;
}

/** What a client gets of a list at once. */
export interface CataloguePage {
  readonly entries: readonly CatalogueEntry[];
  readonly nextCursor: string | undefined;
  /** Targets whose part is an older one. */
  readonly stale: readonly string[];
}

export interface CatalogueSettings extends SnapshotsSettings {
  readonly names: Names;
  readonly decision: Decision;
  readonly delivery: Delivery;
  readonly fanOut: FanOutSettings;
  readonly lists: LastLists;
  readonly log: Log;
  readonly maxPages: number;
  readonly pageSize: number;
  readonly logins: LoginRequests;
}

/** What one target offers of a kind. */
interface Offer {
  /** What tells it from others. */
  readonly parts: readonly Buffer[];
  /** Of its texts. */
  readonly bytes: number;
  /** @throws AmbiguousKey */
  readonly read: () => readonly CatalogueEntry[];
}

/**
 * What a backend offers, as one caller may see it: the tools, prompts, resources and templates of all targets with their
 * owners. Everybody who needs to know what there is asks here.
 */
export class Catalogue {
  private readonly settings: CatalogueSettings;
  private readonly snapshots: Snapshots;
  /** Kinds of items with short names that the log knows of. */
  private readonly saidOf = new Set<ItemKind>();

  constructor(settings: CatalogueSettings) {
    this.settings = settings;
    this.snapshots = new Snapshots(settings);
  }

  /**
   * A part of what the targets offer of a kind. The first asks them all, for all their pages; further ones are of the
   * list that the caller was shown then, or, where that is not kept, go on in a new one.
   * @throws TargetFailure as the failure mode says
   * @throws GatewayError `mcp_cursor_invalid`
   */
  async page(request: ListRequest): Promise<CataloguePage> {
    const { cursor: given = null } = request;
    const cursor = given === null ? undefined : readCursor(request.name, given);
    if (cursor === undefined) {
      if (given !== null) throw rpcError("mcp_cursor_invalid", { id: request.id });
      return this.cut(request, await this.take(request), undefined);
    }
    const shown = this.shown(request, request.name);
    const goesOn = shown !== undefined && digestOfNames(this.visible(request, shown).map(({ published }) => published)) === cursor.digest;
    return this.cut(request, goesOn ? shown : await this.take(request), cursor);
  }

  /** A page as the `result` of a response. JSON text. */
  render(method: ListMethod, { entries, nextCursor }: CataloguePage): Buffer {
    const parts: Buffer[] = [Buffer.from(`{${JSON.stringify(method.member)}:[`)];
    for (const [index, { source }] of entries.entries()) {
      if (index > 0) parts.push(comma);
      parts.push(source);
    }
    parts.push(Buffer.from(nextCursor === undefined ? "]}" : `],"nextCursor":${JSON.stringify(nextCursor)}}`));
    return Buffer.concat(parts);
  }

  /**
   * Shows the targets' lists to the decision, which has to know what is there before a call. What is suspicious about one
   * target's tools depends on the others', so all are asked; but only the one that is called must answer.
   * @throws TargetFailure
   */
  async look(request: ListRequest, called: Link, limits: Pick<McpLimits, "openDeadlineMs" | "closedDeadlineMs">): Promise<void> {
    const { links, exchange, session, method } = request;
    const read = async (link: Link): Promise<CatalogueEntry[]> => {
      const timeoutMs = link === called ? limits.closedDeadlineMs : limits.openDeadlineMs;
      const late = (): Error => new Error(`no answer within ${timeoutMs} ms`);
      try {
        const pages = await within(timeoutMs, this.pages(link, request, timeoutMs), late);
        return pages.flatMap((page) => this.entries(link.target.name, page, method));
      } catch (thrown) {
        if (link === called) throw TargetFailure.of(link.target.name, thrown);
        return [];
      }
    };
    const entries = (await Promise.all(links.map(read))).flat();
    await this.settings.decision.integrity?.study(entries);
    this.settings.decision.integrity?.admit({ exchange, session, continues: false }, entries);
  }

  /** One page of a single target's list, less what the caller may not see; every other byte stays. */
  filter(place: ListPlace, target: string, response: ServerResponse, method: ListMethod): Buffer {
    const { decision } = this.settings;
    let list: JsonView | undefined;
    let entries: readonly CatalogueEntry[];
    try {
      list = new JsonView(response.bytes).member("result")?.member(method.member);
      if (list === undefined) return response.bytes;
      entries = this.entries(target, response, method);
    } catch (thrown) {
      if (decision.active || !(thrown instanceof AmbiguousKey)) throw thrown;
      decision.integrity?.unreadable(target);
      return response.bytes;
    }
    const more = nextCursor(response) !== undefined;
    const admitted = decision.integrity?.admit({ ...place, more }, entries) ?? entries;
    if (!decision.active) return response.bytes;
    const allowed = this.reduced(
      place.exchange,
      admitted.filter(({ item }) => decision.allows(place.exchange, item)),
    );
    const isWhole = allowed.length === entries.length && allowed.every((entry, index) => entry === entries[index]);
    if (isWhole && entries.length === elementsIn(response, method).length) return response.bytes;
    return splice(response.bytes, [replace(list, `[${allowed.map(({ source }) => source.toString()).join(",")}]`)]);
  }

  /** A single target's response to a request that nobody remembers: what would be a list in it is filtered as one. */
  review({ exchange, session, link }: Omit<Leg, "timeoutMs">, response: Buffer): Buffer {
    let bytes = response;
    for (const method of session.revision.methods.values()) {
      const value = method.routing === "list" ? parseObject(bytes) : undefined;
      if (method.routing !== "list" || value === undefined) continue;
      bytes = this.filter({ exchange, session, continues: true }, link.target.name, new ServerResponse(bytes, value), method);
    }
    return bytes;
  }

  /**
   * What a name stands for of which only lists tell.
   * @param among the targets whose it can be
   * @returns undefined when nobody offers it, `conflict` when that is several items. A conflict with something that the
   *   caller may not see is none that he may be told of.
   */
  async owner(request: ListRequest, name: string, among: readonly string[]): Promise<Item | "conflict" | undefined> {
    const links = request.links.filter(({ target }) => among.includes(target.name));
    const list = links.length === request.links.length ? request.name : `${request.name} ${among.join(" ")}`;
    const known = this.find(request, request.name, name) ?? this.find(request, list, name);
    const offered = known ?? (await this.taken({ ...request, links }, list)).snapshot.owners.get(name) ?? [];
    const { integrity } = this.settings.decision;
    const items =
      integrity === undefined || offered.length < 2 ? offered : offered.filter((item) => integrity.isApproved({ ...request, item }));
    if (items.length < 2) return items[0];
    return items.filter((item) => this.settings.decision.allows(request.exchange, item)).length < 2 ? undefined : "conflict";
  }

  /** What a caller was shown may not be so any more. */
  forget(caller: string | undefined): void {
    if (caller !== undefined) this.snapshots.forget(caller);
  }

  private shown({ caller }: ListRequest, list: string): Shown | undefined {
    return caller === undefined ? undefined : this.snapshots.find(caller, list);
  }

  private find(request: ListRequest, list: string, name: string): readonly Item[] | undefined {
    return this.shown(request, list)?.snapshot.owners.get(name);
  }

  /** Rules come before pages: a cursor leads to nothing that the caller may not see. */
  private visible({ exchange, session }: ListRequest, { snapshot }: Shown): readonly CatalogueEntry[] {
    const { decision } = this.settings;
    const { entries } = snapshot;
    if (!decision.active && decision.integrity === undefined) return withoutConflicts(entries, snapshot);
    const servers = entries.filter(isServers);
    // what was not approved takes no name away from what was
    const admitted = withoutConflicts(decision.integrity?.admit({ exchange, session, continues: false }, servers) ?? servers, snapshot);
    const shown = new Set(decision.active ? admitted.filter(({ item }) => decision.allows(exchange, item)) : admitted);
    return entries.filter((entry) => !isServers(entry) || shown.has(entry));
  }

  private cut(request: ListRequest, shown: Shown, cursor: Cursor | undefined): CataloguePage {
    const { pageSize } = this.settings;
    const { stale } = shown;
    const visible = this.visible(request, shown);
    const shownTo = (entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] => this.reduced(request.exchange, entries);
    if (cursor === undefined && visible.length <= pageSize) return { entries: shownTo(visible), nextCursor: undefined, stale };
    const names = visible.map(({ published }) => published);
    const start = cursor === undefined ? 0 : positionIn(names, cursor);
    const end = start + pageSize;
    const nextCursor = end < names.length ? writeCursor(request.name, names, end) : undefined;
    return { entries: shownTo(visible.slice(start, end)), nextCursor, stale };
  }

  /** What the caller may see of the items that are shown: tools refer to resources. */
  private reduced(exchange: Exchange, entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
    const { decision } = this.settings;
    if (!decision.active) return entries;
    return entries.map((entry) => (isServers(entry) ? withoutHiddenApp(entry, (item) => decision.allows(exchange, item)) : entry));
  }

  /** The same, for a name: what is there is looked at as if it were shown. */
  private async taken(request: ListRequest, list: string): Promise<Shown> {
    const shown = await this.take(request, list);
    this.visible(request, shown);
    return shown;
  }

  /** Everything the links' targets offer of a kind now, all pages of it. @param list what it is kept under */
  private async take(request: ListRequest, list: string = request.name): Promise<Shown> {
    const { caller, exchange, links, name } = request;
    const shelf = caller === undefined ? undefined : this.snapshots.shelf(caller);
    const asked = await fanOut(links, this.settings.fanOut, (link, deadlineMs) => this.ask(link, request, deadlineMs));
    // nearly always targets say what they said before, and what was made of it is held
    const held = shelf === undefined ? undefined : this.snapshots.held(partsOf(name, asked));
    const { snapshot, offers } = held === undefined ? await this.read(request, asked) : { snapshot: held, offers: asked };
    const { integrity } = this.settings.decision;
    if (integrity !== undefined) {
      await integrity.ready();
      await integrity.study(snapshot.entries.filter(isServers));
    }
    const stale = this.settings.lists.shownFor(exchange);
    if (shelf !== undefined) {
      const bytes = offers.reduce((sum, { value }) => sum + value.bytes, 0);
      this.snapshots.keep(shelf, list, { stale, parts: partsOf(name, offers), bytes, make: () => snapshot });
    }
    return { snapshot, stale };
  }

  /** What one target offers of a kind, not read yet. */
  private async ask(link: Link, request: ListRequest, deadlineMs: number): Promise<Offer> {
    const { method } = request;
    const { name } = link.target;
    const { logins } = this.settings;
    let pages: readonly ServerResponse[];
    try {
      pages = await this.pages(link, request, deadlineMs);
    } catch (thrown) {
      const entries = logins.entries(thrown, link, method);
      return { parts: [Buffer.from(name), loginPart], bytes: 0, read: () => entries };
    }
    if (method.item === "tool") logins.listed(link);
    return {
      parts: [Buffer.from(name), ...pages.map(({ digest }) => digest)],
      bytes: pages.reduce((sum, page) => sum + page.bytes.length, 0),
      read: () => pages.flatMap((page) => this.entries(name, page, method)),
    };
  }

  /** Makes a list of offers. One that cannot be read is its target's failure. */
  private async read({ method }: ListRequest, asked: readonly Answer<Offer>[]): Promise<{ snapshot: Snapshot; offers: typeof asked }> {
    const offers = new Map(asked.map((answer) => [answer.link, answer]));
    const read = await fanOut([...offers.keys()], this.settings.fanOut, async (link) => offers.get(link)?.value.read() ?? []);
    const entries = read.flatMap(({ value }) => value);
    this.sayShortened(method.item, entries);
    return { snapshot: snapshotOf(entries, method.key === "name"), offers: read.flatMap(({ link }) => offers.get(link) ?? []) };
  }

  /** Once for each kind: which names clients see that are nowhere in the servers' own documentation. */
  private sayShortened(kind: ItemKind, entries: readonly CatalogueEntry[]): void {
    if (this.saidOf.has(kind)) return;
    const shortened = entries.filter(({ item }) => this.settings.names.shortens(item));
    if (shortened.length === 0) return;
    this.saidOf.add(kind);
    const names = shortened
      .slice(0, maxSaid)
      .map(({ item, published }) => `${item.target}: ${item.name.slice(0, maxSaidLength)} -> ${published}`);
    this.settings.log.warn("mcp names longer than maxNameLength were shortened", { kind, count: shortened.length, names });
  }

  /** The responses of a target, page by page. One that does not know the list has none of it. */
  private async pages(link: Link, request: ListRequest, timeoutMs: number): Promise<readonly ServerResponse[]> {
    const { exchange, session, method } = request;
    const { delivery, maxPages } = this.settings;
    const leg = { exchange, session, link, timeoutMs };
    const onMessage = (message: Buffer): void => request.onMessage(link, message);
    const pages: ServerResponse[] = [];
    if (!link.offers(method.capability)) return pages;
    let cursor: string | undefined;
    do {
      const params = spliceJsonMembers(request.params, new Map([["cursor", cursor === undefined ? undefined : JSON.stringify(cursor)]]));
      const id = cursor === undefined && request.id !== undefined ? request.id : session.nextId();
      const ended = session.began(id, link);
      const page = await delivery.request(leg, ownRequest(id, request.name, params), onMessage).finally(ended);
      const { error } = page.value;
      if (isJsonObject(error)) {
        if (error["code"] === methodNotFound) return pages;
        throw new Error(`${request.name} failed: ${String(error["message"])} (code ${String(error["code"])})`);
      }
      if (!hasList(page, method)) throw new Error(`${request.name} was answered without a list`);
      pages.push(page);
      cursor = nextCursor(page);
    } while (cursor !== undefined && pages.length < maxPages);
    return pages;
  }

  private entries(target: string, page: ServerResponse, method: ListMethod): CatalogueEntry[] {
    const elements = elementsIn(page, method);
    if (elements.length === 0) return [];
    const { result } = page;
    const views = result === undefined ? [] : (new JsonView(result).member(method.member)?.elements() ?? []);
    return views.flatMap((view, index) => this.entry(target, view, elements[index], method));
  }

  /** An element without the name it should have cannot be called by anybody; it is left out. */
  private entry(target: string, view: JsonView, element: unknown, method: ListMethod): CatalogueEntry[] {
    const name = isJsonObject(element) ? (element as JsonObject)[method.key] : undefined;
    if (typeof name !== "string") return [];
    const item: Item = { kind: method.item, target, name };
    const { names } = this.settings;
    const published = names.publish(item);
    if (names.plain) return [{ item, published, source: view.bytes, definition: view.bytes }];
    const own = new JsonView(view.bytes);
    const key = own.member(method.key);
    if (key === undefined) return [];
    const edits = [
      ...(published === name ? [] : [replace(key, JSON.stringify(published))]),
      ...(method.item === "tool" ? publishToolMeta(names, target, own) : []),
    ];
    return [{ item, published, source: splice(view.bytes, edits), definition: view.bytes }];
  }
}

/** Whether a server offers it: the gateway's own tools are nobody's to hide. */
function isServers({ always }: CatalogueEntry): boolean {
  return always !== true;
}

/** What tells a list from others. */
function partsOf(name: string, offers: readonly Answer<Offer>[]): Buffer[] {
  return [Buffer.from(name), ...offers.flatMap(({ value }) => value.parts)];
}

function hasList({ value: { result } }: ServerResponse, { member }: ListMethod): boolean {
  return isJsonObject(result) && Array.isArray(result[member]);
}

function nextCursor({ value: { result } }: ServerResponse): string | undefined {
  const next = isJsonObject(result) ? result["nextCursor"] : undefined;
  return typeof next === "string" ? next : undefined;
}

function elementsIn({ value: { result } }: ServerResponse, { member }: ListMethod): readonly unknown[] {
  const elements = isJsonObject(result) ? result[member] : undefined;
  return Array.isArray(elements) ? elements : [];
}

/** Tells a target that offers nothing from one that wants a login first. */
const loginPart = Buffer.from("login");
const methodNotFound = -32601;
const comma = Buffer.from(",");
/** Of the shortened names, in the log. */
const maxSaid = 20;
const maxSaidLength = 200;
