import type { HeaderList } from "../../base/headers.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";
import { HeaderView } from "../header-view.ts";
import { bodyValue } from "./body-text.ts";
import { fieldTable } from "./field-view.ts";

/** A reply on its way back, or else what the exchange remembers of the one that was sent. */
export interface ResponseSubject {
  readonly exchange: Exchange;
  readonly reply: Reply | undefined;
}

/** CEL `response`. */
export const responseFields = fieldTable<ResponseSubject>({
  code: ({ exchange, reply }) => reply?.status ?? exchange.status,
  grpcStatus(subject) {
    const status = headersOf(subject)?.get("grpc-status");
    return status !== undefined && /^\d{1,3}$/.test(status) ? Number(status) : undefined;
  },
  headers(subject) {
    const headers = headersOf(subject);
    return headers === undefined ? undefined : new HeaderView(headers);
  },
  body: responseBody,
  bodyPrefix: responseBody,
});

function headersOf({ exchange, reply }: ResponseSubject): HeaderList | undefined {
  return reply?.headers ?? exchange.responseHeaders;
}

/** A stream is nothing that can be looked at: whoever wants its bytes collects them first. */
function responseBody({ exchange, reply }: ResponseSubject): string | Uint8Array | undefined {
  const body = reply === undefined ? exchange.responseBody : reply.body;
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return bodyValue(body);
  return body === null ? "" : undefined;
}
