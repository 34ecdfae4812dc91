import { isJsonObject, type JsonObject } from "../base/json.ts";
import { within } from "../base/deadline.ts";
import { spliceJsonMembers } from "../base/json-members.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { RpcId } from "../contract/mcp.ts";
import type { Decision } from "./decision.ts";
import { type Delivery, ownRequest } from "./delivery.ts";
import { fanOut, type FanOutSettings } from "./fan-out.ts";
import type { ListPlace } from "./integrity/integrity.ts";
import type { Item, ItemKind } from "./item.ts";
import { AmbiguousKey, JsonView, replace, splice } from "./json-view.ts";
import type { Names, Resolved } from "./names.ts";
import { publishToolMeta } from "./publish-result.ts";
import type { ServerResponse } from "./read-response.ts";
import type { Link, Session } from "./session.ts";
import type { McpLimits } from "./settings.ts";
import { TargetFailure } from "./target-failure.ts";
import type { ListMethod } from "./wire/revision.ts";

/** One element of a list, with its owner. */
export interface CatalogueEntry {
  readonly item: Item;
  /** Its name for clients. */
  readonly published: string;
  /** The element as its server sent it, schemas included, with the published name in it. JSON text. */
  readonly source: Buffer;
  /** The same with the server's own name. */
  readonly definition: Buffer;
}

/** Whose list, and in which words. */
export interface ListRequest {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly links: readonly Link[];
  readonly name: string;
  readonly method: ListMethod;
  /** The client's `params`, JSON text of an object; `{}` for a list of the gateway's own. */
  readonly params: Buffer;
  /** The client's id, under which a cancellation finds the first page. */
  readonly id: RpcId | undefined;
  /** Requests and notifications that a target sends before its answer. */
  readonly onMessage: (link: Link, message: Buffer) => void;
}

export interface CatalogueSettings {
  readonly names: Names;
  readonly decision: Decision;
  readonly delivery: Delivery;
  readonly fanOut: FanOutSettings;
  readonly maxPages: number;
}

/**
 * What a backend offers, as one caller may see it: the tools, prompts, resources and templates of all targets with their
 * owners. Everybody who needs to know what there is asks here.
 */
export class Catalogue {
  private readonly settings: CatalogueSettings;

  constructor(settings: CatalogueSettings) {
    this.settings = settings;
  }

  /** Everything the targets offer of a kind, all pages of it. @throws TargetFailure as the failure mode says */
  async list(request: ListRequest): Promise<readonly CatalogueEntry[]> {
    const { method, session, exchange } = request;
    const { names, decision } = this.settings;
    const answers = await fanOut(request.links, this.settings.fanOut, async (link, deadlineMs) => {
      const pages = await this.pages(link, request, deadlineMs);
      return pages.flatMap((page) => this.entries(link.target.name, page, method));
    });
    const all = answers.flatMap(({ value }) => value);
    if (decision.integrity !== undefined) {
      await decision.integrity.ready();
      await decision.integrity.study(all);
    }
    const entries = decision.integrity?.admit({ exchange, session, continues: false }, all) ?? all;
    const offered = names.ownersFromLists && method.key === "name" ? this.withoutConflicts(session, method.item, entries) : entries;
    return decision.active ? offered.filter(({ item }) => decision.allows(exchange, item)) : offered;
  }

  /** The same list as the `result` of a response. JSON text. */
  render(method: ListMethod, entries: readonly CatalogueEntry[]): Buffer {
    const parts: Buffer[] = [Buffer.from(`{${JSON.stringify(method.member)}:[`)];
    for (const [index, { source }] of entries.entries()) {
      if (index > 0) parts.push(comma);
      parts.push(source);
    }
    parts.push(closing);
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
    const allowed = admitted.filter(({ item }) => decision.allows(place.exchange, item));
    if (allowed.length === elementsIn(response, method).length) return response.bytes;
    return splice(response.bytes, [replace(list, `[${allowed.map(({ source }) => source.toString()).join(",")}]`)]);
  }

  /**
   * Which target offers a name, where names are not prefixed.
   * @returns undefined when nobody does, `conflict` when more than one does
   */
  async owner(request: ListRequest, name: string): Promise<Resolved | "conflict" | undefined> {
    const { session, method } = request;
    if (!session.owners.get(method.item)?.has(name)) await this.list(request);
    const owners = session.owners.get(method.item);
    const target = owners?.get(name);
    if (target !== undefined) return { target, name };
    return owners?.has(name) === true ? "conflict" : undefined;
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
      pages.push(page);
      cursor = nextCursor(page);
    } while (cursor !== undefined && pages.length < maxPages);
    return pages;
  }

  private entries(target: string, page: ServerResponse, method: ListMethod): CatalogueEntry[] {
    const elements = elementsIn(page, method);
    if (elements.length === 0) return [];
    const views = new JsonView(page.bytes).member("result")?.member(method.member)?.elements() ?? [];
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

  /** Notes the owners, and drops names that several targets claim: nobody could say whose a call is. */
  private withoutConflicts(session: Session, kind: ItemKind, entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
    const owners = new Map<string, string | undefined>();
    for (const { published, item } of entries) {
      const conflict = owners.has(published) && owners.get(published) !== item.target;
      owners.set(published, conflict ? undefined : item.target);
    }
    session.owners.set(kind, owners);
    return entries.filter(({ published }) => owners.get(published) !== undefined);
  }
}

function nextCursor({ value: { result } }: ServerResponse): string | undefined {
  const next = isJsonObject(result) ? result["nextCursor"] : undefined;
  return typeof next === "string" ? next : undefined;
}

function elementsIn({ value: { result } }: ServerResponse, { member }: ListMethod): readonly unknown[] {
  const elements = isJsonObject(result) ? result[member] : undefined;
  return Array.isArray(elements) ? elements : [];
}

const methodNotFound = -32601;
const comma = Buffer.from(",");
const closing = Buffer.from("]}");
