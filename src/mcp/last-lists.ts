import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent-map.ts";
import type { Exchange } from "../contract/exchange.ts";
import { JsonView } from "./json-view.ts";
import { parseObject } from "./message.ts";
import { ServerResponse } from "./read-response.ts";
import type { Link, ShownPage } from "./session.ts";
import type { Outbound } from "./upstream/target.ts";

type Message = Pick<Outbound, "method" | "bytes">;

/**
 * The lists that targets last answered with, for showing them while a target is out. A list may depend on the caller, so
 * each session is shown its own; equal ones, which is nearly all of them, are held once.
 */
export class LastLists {
  private readonly clock: Clock;
  private readonly maxAgeMs: number;
  /** Pages by their digest. */
  private readonly pages = new RecentMap<string, Buffer>(maxPages);
  /** Of requests under way: whose lists are old ones. */
  private readonly stale = new WeakMap<Exchange, Set<string>>();

  /** @param maxAgeMs after which a list is not shown any more */
  constructor(clock: Clock, maxAgeMs: number) {
    this.clock = clock;
    this.maxAgeMs = maxAgeMs;
  }

  keep(link: Link, request: Message, response: ServerResponse): void {
    const { result } = response;
    if (result === undefined) return;
    const digest = response.digest.toString("base64url");
    if (result.length <= maxPageBytes && this.pages.get(digest) === undefined) this.pages.set(digest, Buffer.from(result));
    const shown = (link.shown ??= new Map<string, ShownPage>());
    if (shown.size >= maxShown) shown.clear();
    shown.set(keyOf(request), { digest, at: this.clock.monotonic() });
  }

  /** What tells that page from others; undefined when the client was not shown it. */
  digest({ shown }: Link, request: Message): string | undefined {
    return shown?.get(keyOf(request))?.digest;
  }

  has(link: Link, request: Message): boolean {
    return this.find(link, request) !== undefined;
  }

  /** The last answer to that request in this session, and notes on the exchange whose it is. */
  show(link: Link, request: Message, exchange: Exchange): ServerResponse | undefined {
    const result = this.find(link, request);
    const bytes = result === undefined ? undefined : Buffer.concat([head, result, tail]);
    const value = bytes === undefined ? undefined : parseObject(bytes);
    if (bytes === undefined || value === undefined) return undefined;
    const targets = this.stale.get(exchange);
    if (targets === undefined) this.stale.set(exchange, new Set([link.target.name]));
    else targets.add(link.target.name);
    return new ServerResponse(bytes, value);
  }

  /** Targets whose part in the lists for that request was an old one. */
  shownFor(exchange: Exchange): readonly string[] {
    return [...(this.stale.get(exchange) ?? [])];
  }

  private find({ shown }: Link, request: Message): Buffer | undefined {
    const page = shown?.get(keyOf(request));
    return page === undefined || this.clock.monotonic() - page.at > this.maxAgeMs ? undefined : this.pages.get(page.digest);
  }
}

/** Whether a request is for (a page of) a list. */
export function isList({ method }: Message): boolean {
  return method?.endsWith("/list") === true;
}

/** The list and the page of it. */
function keyOf({ method, bytes }: Message): string {
  const cursor = new JsonView(bytes).member("params")?.member("cursor");
  return `${method} ${cursor?.bytes.toString() ?? ""}`;
}

/** Held at most, a backend; with the next bound, 64 MiB. */
const maxPages = 512;
/** Longer pages are not kept. */
const maxPageBytes = 131_072;
/** Pages a session has of a target at most. */
const maxShown = 128;
const head = Buffer.from('{"jsonrpc":"2.0","id":0,"result":');
const tail = Buffer.from("}");
