import type { Exchange } from "../contract/exchange.ts";
import { type BackendNames, createOutgoing, type OutgoingBody, type Send } from "../contract/outgoing.ts";
import type { Reply } from "../contract/reply.ts";
import type { CompiledBackend } from "../contract/runtime.ts";

/** Bodies up to this size are collected before they are sent: cheaper than piping, and a retry can send them again. Bytes. */
const collectUpTo = 65_536;

const purpose = { kind: "Primary", subtype: "Http" } as const;

export interface HttpBackendSettings {
  readonly names: BackendNames;
  /** The upstream with the backend's policies around it. */
  readonly send: Send;
}

/** Plain HTTP and WebSocket pass-through: bytes as they come, both ways, with back-pressure. */
export function compileHttpBackend({ names, send }: HttpBackendSettings): CompiledBackend {
  const forward = (exchange: Exchange, body: OutgoingBody): Promise<Reply> =>
    send(createOutgoing(exchange, { purpose, backend: names, body, timeoutMs: 0 }));

  return {
    name: names.name,
    call(exchange) {
      const { body } = exchange;
      if (body.collected !== undefined) return forward(exchange, body.collected.length === 0 ? null : body.collected);
      if (body.length !== undefined && body.length <= collectUpTo)
        return body.collect(collectUpTo).then((bytes) => forward(exchange, bytes));
      return forward(exchange, body.stream());
    },
  };
}
