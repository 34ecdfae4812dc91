import { isJsonObject, type JsonObject } from "../base/json.ts";
import { spliceJsonMembers } from "../base/json-members.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { RpcId } from "../contract/mcp.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";
import type { Decision } from "./decision.ts";
import { type Delivery, ownRequest } from "./delivery.ts";
import { fanOut, type FanOutSettings } from "./fan-out.ts";
import type { Item, ItemKind } from "./item.ts";
import { JsonView, replace, splice } from "./json-view.ts";
import type { LoginRequests } from "./login-required.ts";
import type { Names, Resolved } from "./names.ts";
import { publishToolMeta } from "./publish-result.ts";
import type { ServerResponse } from "./read-response.ts";
import type { Link, Session } from "./session.ts";
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
  readonly logins: LoginRequests;
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
    const { names, decision, logins } = this.settings;
    const answers = await fanOut(request.links, this.settings.fanOut, async (link, deadlineMs) => {
      try {
        const pages = await this.pages(link, request, deadlineMs);
        if (method.item === "tool") logins.listed(link);
        return pages.flatMap((page) => this.entries(link.target.name, page, method));
      } catch (thrown) {
        return logins.entries(thrown, link, method);
      }
    });
    const entries = answers.flatMap(({ value }) => value);
    const offered = names.ownersFromLists && method.key === "name" ? this.withoutConflicts(session, method.item, entries) : entries;
    return decision.active ? offered.filter(({ item, always }) => always === true || decision.allows(exchange, item)) : offered;
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

  /** One page of a single target's list, less what the caller may not see; every other byte stays. */
  filter(exchange: Exchange, target: string, response: ServerResponse, method: ListMethod): Buffer {
    const { decision } = this.settings;
    const list = new JsonView(response.bytes).member("result")?.member(method.member);
    if (list === undefined) return response.bytes;
    const allowed = this.entries(target, response, method).filter(({ item }) => decision.allows(exchange, item));
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
      const next = isJsonObject(page.value["result"]) ? page.value["result"]["nextCursor"] : undefined;
      cursor = typeof next === "string" ? next : undefined;
    } while (cursor !== undefined && pages.length < maxPages);
    return pages;
  }

  private entries(target: string, page: ServerResponse, method: ListMethod): CatalogueEntry[] {
    const result = page.value["result"];
    const elements = isJsonObject(result) ? result[method.member] : undefined;
    if (!Array.isArray(elements)) return [];
    const views = new JsonView(page.bytes).member("result")?.member(method.member)?.elements() ?? [];
    return views.flatMap((view, index) => this.entry(target, view, elements[index] as unknown, method));
  }

  /** An element without the name it should have cannot be called by anybody; it is left out. */
  private entry(target: string, view: JsonView, element: unknown, method: ListMethod): CatalogueEntry[] {
    const name = isJsonObject(element) ? (element as JsonObject)[method.key] : undefined;
    if (typeof name !== "string") return [];
    const item: Item = { kind: method.item, target, name };
    const { names } = this.settings;
    const published = names.publish(item);
    if (names.plain) return [{ item, published, source: view.bytes }];
    const own = new JsonView(view.bytes);
    const key = own.member(method.key);
    if (key === undefined) return [];
    const edits = [
      ...(published === name ? [] : [replace(key, JSON.stringify(published))]),
      ...(method.item === "tool" ? publishToolMeta(names, target, own) : []),
    ];
    return [{ item, published, source: splice(view.bytes, edits) }];
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

const methodNotFound = -32601;
const comma = Buffer.from(",");
const closing = Buffer.from("]}");
