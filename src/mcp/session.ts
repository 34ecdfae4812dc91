import type { JsonObject } from "../base/json.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { RpcId } from "../contract/mcp.ts";
import { afterwards } from "./afterwards.ts";
import { Standing } from "./standing.ts";
import type { Connection, Target } from "./upstream/target.ts";
import { digestOf, type SealedLink } from "./sealed-id.ts";
import { findRevision } from "./wire/index.ts";
import type { Revision } from "./wire/revision.ts";

/** What a client said when it opened its session; servers that join later are greeted with the same. */
export interface ClientHello {
  /** `params` of its initialize, JSON text. */
  readonly params: Buffer;
  readonly protocolVersion: string;
}

/** What a server said. */
export interface ServerHello {
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
  readonly serverInfo?: JsonObject;
}

/** How a session reaches a target. @param previous of an older target with the same settings, to be taken over */
export type Connect = (target: Target, client: ClientHello, previous?: Connection) => Connection;

/** What a client was last shown of a page: its digest, when. */
export interface ShownPage {
  readonly digest: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** One session's side of one target. */
export class Link {
  readonly target: Target;
  readonly connection: Connection;
  hello: ServerHello | undefined = undefined;
  /** `new`: not greeted; `greeted`: initialize is done; `ready`: the server also got notifications/initialized. */
  phase: "new" | "greeted" | "ready" = "new";
  /** The greeting under way, so that calls at the same time share it. */
  greeting: Promise<void> | undefined = undefined;
  /** What a new session there has to be told. */
  standing = new Standing();
  /** What the client was last shown of its lists. */
  shown: Map<string, ShownPage> | undefined = undefined;

  constructor(target: Target, connection: Connection) {
    this.target = target;
    this.connection = connection;
  }

  /** Whether the server may be asked for something of this capability; before the greeting nobody knows. */
  offers(capability: string | undefined): boolean {
    return capability === undefined || this.hello === undefined || this.hello.capabilities[capability] !== undefined;
  }
}

/** What a client has been, or is about to be, told of changes in its lists of one kind. */
export interface ChangeNotice {
  /** Where the change may be; undefined once that is settled. */
  link: Link | undefined;
  /** The target's list is being compared with what the client was shown. */
  looking: boolean;
  /** Nothing needs to be compared. */
  certain: boolean;
  /** Monotonic milliseconds. */
  toldAt: number;
}

export interface SessionStart {
  /** undefined for the session of one stateless call. */
  readonly id: string | undefined;
  /** What another process, or this one before, had opened at targets. */
  readonly carried?: ReadonlyMap<string, SealedLink>;
  readonly backend: string;
  readonly principal: string | undefined;
  readonly client: ClientHello;
  readonly revision: Revision;
  readonly connect: Connect;
}

/** A client's session with all targets of a backend. */
export class Session {
  /** Final once the session is kept: until then what it has to carry is not known. */
  id: string | undefined;
  /** The backend it was opened at; no other one accepts it. */
  readonly backend: string;
  /** Whose it is; an anonymous one becomes the first caller's who says who they are. */
  principal: string | undefined;
  readonly client: ClientHello;
  revision: Revision;
  /** The client has sent notifications/initialized: targets that join from now on get theirs at once. */
  initialized = false;
  closed = false;
  /** The open GET stream, which `end` closes for the client and the targets. */
  stream: { end(): void } | undefined = undefined;
  /** Sends the client a message that belongs to no call, into the merged GET stream; undefined while there is none. */
  aside: ((message: Buffer) => void) | undefined = undefined;
  /** By kind of list. */
  readonly changes = new Map<string, ChangeNotice>();
  private readonly connect: Connect;
  private readonly carried: ReadonlyMap<string, SealedLink> | undefined;
  private readonly links = new Map<string, Link>();
  private readonly calls = new Map<RpcId, Link[]>();
  private issued = 0;

  constructor(start: SessionStart) {
    this.id = start.id;
    this.backend = start.backend;
    this.principal = start.principal;
    this.client = start.client;
    this.revision = start.revision;
    this.connect = start.connect;
    this.carried = start.carried;
  }

  /** Its link to a target; made when there is none, and renewed when a reload changed the target's settings. */
  link(target: Target): Link {
    const known = this.links.get(target.name);
    if (known?.target === target) return known;
    const same = known?.target.fingerprint === target.fingerprint;
    if (known !== undefined && !same) void known.connection.close(undefined);
    const link = new Link(target, this.connect(target, this.client, same ? known.connection : undefined));
    if (this.revision.stateless) link.phase = "ready";
    if (known !== undefined && same) {
      link.hello = known.hello;
      link.phase = known.phase;
      link.standing = known.standing;
      link.shown = known.shown;
    } else if (known === undefined) this.goOn(link);
    this.links.set(target.name, link);
    return link;
  }

  /** What another process needs to go on with a target; undefined for one that was not greeted. */
  carry(target: Target): SealedLink | undefined {
    const { hello, phase, connection } = this.link(target);
    if (hello === undefined || phase === "new") return undefined;
    const { protocolVersion, capabilities } = hello;
    const sessionId = connection.sessionId ?? null;
    return { fingerprint: digestOf(target.fingerprint), sessionId, protocolVersion, capabilities: Object.keys(capabilities) };
  }

  private goOn(link: Link): void {
    const carried = this.carried?.get(link.target.name);
    if (carried === undefined || carried.fingerprint !== digestOf(link.target.fingerprint)) return;
    const { protocolVersion, sessionId } = carried;
    if (sessionId !== null) link.connection.sessionId = sessionId;
    const capabilities = Object.fromEntries(carried.capabilities.map((name) => [name, {}]));
    link.hello = { protocolVersion, capabilities, instructions: undefined };
    link.phase = "ready";
  }

  /** Notes the version that initialize ended in; one the gateway does not know changes nothing. */
  agreeOn(protocolVersion: string | undefined): void {
    const revision = protocolVersion === undefined ? undefined : findRevision(protocolVersion);
    if (revision?.stateless === false) this.revision = revision;
  }

  /** An id for a request of the gateway's own, unlike any that a client uses. */
  nextId(): string {
    this.issued += 1;
    return `turnpike-${this.issued}`;
  }

  /** Notes that a request is with a target, so that a cancellation finds it. Returns how to forget it. */
  began(id: RpcId, link: Link): () => void {
    const links = this.calls.get(id);
    if (links === undefined) this.calls.set(id, [link]);
    else links.push(link);
    return () => {
      const left = this.calls.get(id)?.filter((other) => other !== link) ?? [];
      if (left.length === 0) this.calls.delete(id);
      else this.calls.set(id, left);
    };
  }

  /** Where a request of that id is being worked on. */
  workingOn(id: RpcId): readonly Link[] {
    return this.calls.get(id) ?? [];
  }

  /** Has calls or a stream under way: must not be forgotten as idle. */
  get busy(): boolean {
    return this.calls.size > 0 || this.stream !== undefined;
  }

  /** Ends it everywhere. @param exchange in whose name servers are told; without one they are left to their timeouts */
  async close(exchange: Exchange | undefined): Promise<void> {
    this.closed = true;
    this.stream?.end();
    const inWhoseName = exchange === undefined ? undefined : afterwards(exchange);
    await Promise.all(Array.from(this.links.values(), (link) => link.connection.close(inWhoseName)));
  }
}
