import { HeaderList } from "../../base/headers.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { type BackendNames, createOutgoing, type Outgoing, type OutgoingBody } from "../../contract/outgoing.ts";
import type { RemoteServer } from "../settings.ts";
import { findRevision } from "../wire/index.ts";

const purpose = { kind: "Primary", subtype: "Mcp" } as const;

export interface UpstreamRequest {
  readonly method: string;
  /** The target's own where it is absent. */
  readonly path?: string;
  /** Query with its "?"; none where it is absent. */
  readonly search?: string;
  readonly body: OutgoingBody;
  /** Milliseconds, 0 = what the route allows. */
  readonly timeoutMs: number;
  /** Header fields of the gateway's own, which replace the client's. */
  readonly fields: readonly string[];
  /** The client's Mcp-Param-* fields are about this request too, and go along. */
  readonly keepsParams?: boolean;
}

/** A request to the target with the client's own header fields, as far as they are meant for it. */
export function outgoingTo(settings: RemoteServer, exchange: Exchange, request: UpstreamRequest): Outgoing {
  const url = `${settings.scheme}://${settings.authority}${settings.path}`;
  const names: BackendNames = { name: settings.name, type: "mcp", protocol: "mcp", url };
  // a deadline of ours must not lengthen the route's
  const route = exchange.backendTimeoutMs;
  const timeoutMs = request.timeoutMs > 0 && (route === 0 || request.timeoutMs < route) ? request.timeoutMs : 0;
  const outgoing = createOutgoing(exchange, { purpose, backend: names, body: request.body, timeoutMs });
  const { head } = outgoing;
  head.method = request.method;
  head.scheme = settings.scheme;
  head.authority = settings.authority;
  head.path = request.path ?? settings.path;
  head.search = request.search ?? "";
  head.headers = withFields(head.headers, request);
  return outgoing;
}

/** The client's fields in one pass: the gateway's own replace those of their name, some are only about the client's side. */
function withFields(client: HeaderList, { fields: own, keepsParams = false }: UpstreamRequest): HeaderList {
  const flat: string[] = [];
  for (let i = 0; i < client.flat.length; i += 2) {
    const name = client.flat[i] as string;
    const value = client.flat[i + 1] as string;
    if (staysBehind(name) || own.includes(name) || (!keepsParams && name.startsWith("mcp-param-"))) continue;
    // without sessions every request says its revision by itself; to a server with sessions such a claim would be untrue
    if (name === "mcp-protocol-version" && findRevision(value)?.stateless === true) continue;
    flat.push(name, value);
  }
  flat.push(...own);
  return new HeaderList(flat);
}

function staysBehind(name: string): boolean {
  switch (name) {
    case "mcp-session-id": // the gateway's session, not the target's
    case "last-event-id":
    case "mcp-method": // of the client's request, which need not be the one that is sent
    case "mcp-name":
    case "accept":
    case "accept-encoding": // replies are looked into
    case "content-type":
    case "content-encoding":
    case "expect": // answered by the server in front of us
      return true;
    default:
      return false;
  }
}
