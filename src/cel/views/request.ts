import type { Exchange, RequestHead } from "../../contract/exchange.ts";
import { HeaderView } from "../header-view.ts";
import { CelTimestamp } from "../time.ts";
import { bodyValue } from "./body-text.ts";
import { fieldTable } from "./field-view.ts";

/** The exchange, with that one of its two request heads that expressions are to see. */
export interface RequestSubject {
  readonly exchange: Exchange;
  readonly head: Readonly<RequestHead>;
  /** Over: what was kept of a body that only passed through may be shown. */
  readonly finished: boolean;
}

/** CEL `request`. */
export const requestFields = fieldTable<RequestSubject>({
  method: ({ head }) => head.method,
  uri: ({ head }) => `${head.scheme}://${head.authority}${head.path}${head.search}`,
  host: ({ head }) => head.authority.replace(/:\d*$/, ""),
  scheme: ({ head }) => head.scheme,
  path: ({ head }) => head.path,
  pathAndQuery: ({ head }) => head.path + head.search,
  version: ({ exchange }) => `HTTP/${exchange.httpVersion === "2.0" ? "2" : exchange.httpVersion}`,
  // Made anew each time: editing the headers replaces the list, and a view is one small object.
  headers: ({ head }) => new HeaderView(head.headers),
  body: requestBody,
  bodyPrefix: requestBody,
  startTime: ({ exchange }) => CelTimestamp.fromMilliseconds(exchange.startedAt),
  endTime({ exchange }) {
    const { finishedAt, startedAt, startedMonotonic } = exchange;
    return finishedAt === 0 ? undefined : CelTimestamp.fromMilliseconds(startedAt + finishedAt - startedMonotonic);
  },
});

function requestBody({ exchange: { body }, finished }: RequestSubject): string | Uint8Array | undefined {
  const bytes = body.collected ?? (finished ? body.recorded : undefined);
  if (bytes !== undefined) return bodyValue(bytes);
  return body.length === 0 ? "" : undefined;
}
