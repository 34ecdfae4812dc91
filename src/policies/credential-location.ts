import type { z } from "zod";
import type { CompiledExpression } from "../cel/compile.ts";
import type { celExpression } from "../cel/config-type.ts";
import { ReadSet } from "../cel/read-set.ts";
import type { credentialDestination, credentialSource } from "../contract/config/credential-location.ts";
import type { Exchange, RequestHead } from "../contract/exchange.ts";
import { readCookie, writeCookie } from "./cookies.ts";
import { evaluate } from "./expressions.ts";
import { fieldValue } from "./field-value.ts";
import { readParameter, writeParameter } from "./query.ts";

type SourceConfig = z.output<ReturnType<typeof credentialSource<ReturnType<typeof celExpression>>>>;
type DestinationConfig = z.output<ReturnType<typeof credentialDestination>>;

/** Where callers put a credential. */
export interface CredentialSource {
  /** The credential as it came, without its prefix; undefined when there is none. */
  readonly find: (exchange: Exchange) => string | undefined;
  /** Takes it out of the request that is forwarded, so that no backend learns it. */
  readonly remove: (exchange: Exchange) => void;
  /** The credential in some head of a request; always undefined for an expression, which is about the exchange. */
  readonly readFrom: (head: Readonly<RequestHead>) => string | undefined;
  /** Takes it out of a head that nobody else holds, such as that of a request to a backend. */
  readonly removeFrom: (head: RequestHead) => void;
  /** Whether it is the Authorization field, of which RFC 9110 section 11.6 speaks. */
  readonly isAuthorization: boolean;
  /** What an expression reads to find it. */
  readonly reads: ReadSet;
}

const nothing = ReadSet.union([]);

export function compileCredentialSource(config: SourceConfig): CredentialSource {
  switch (config.kind) {
    case "header":
      return fromHeader(config.header.name, config.header.prefix ?? "");
    case "queryParameter": {
      const { name } = config.queryParameter;
      const removeFrom = (head: RequestHead): void => void (head.search = writeParameter(head.search, name, undefined));
      return fromHead({
        readFrom: ({ search }) => readParameter(search, name),
        removeFrom,
        remove: ({ request }) => removeFrom(request),
      });
    }
    case "cookie": {
      const { name } = config.cookie;
      return fromHead({
        readFrom: ({ headers }) => readCookie(headers, name),
        removeFrom: ({ headers }) => writeCookie(headers, name, undefined),
        remove: (exchange) => writeCookie(exchange.editHeaders(), name, undefined),
      });
    }
    case "expression":
      return fromExpression(config.expression);
  }
}

/** One that stands in a certain place of the head. */
function fromHead(place: Pick<CredentialSource, "readFrom" | "removeFrom" | "remove">, isAuthorization = false): CredentialSource {
  return { ...place, find: ({ request }) => place.readFrom(request), isAuthorization, reads: nothing };
}

/** Reads only: nobody can tell what part of the request it was computed from. */
function fromExpression(expression: CompiledExpression): CredentialSource {
  return {
    isAuthorization: false,
    reads: expression.reads,
    find: (exchange) => {
      const value = evaluate(expression, exchange);
      return typeof value === "string" ? value : undefined;
    },
    remove: () => {},
    readFrom: () => undefined,
    removeFrom: () => {},
  };
}

function fromHeader(name: string, prefix: string): CredentialSource {
  const lowerPrefix = prefix.toLowerCase();
  const readFrom = ({ headers }: Readonly<RequestHead>): string | undefined => {
    const value = headers.get(name);
    if (value === undefined) return undefined;
    if (value.startsWith(prefix)) return value.slice(prefix.length);
    return value.slice(0, prefix.length).toLowerCase() === lowerPrefix ? value.slice(prefix.length) : undefined;
  };
  return fromHead(
    { readFrom, removeFrom: ({ headers }) => headers.remove(name), remove: (exchange) => exchange.editHeaders().remove(name) },
    name === "authorization",
  );
}

/** Puts a credential into a request; false when no HTTP field can hold it. */
export type CredentialDestination = (head: RequestHead, credential: string) => boolean;

/** @param config undefined = `Authorization: Bearer` */
export function compileCredentialDestination(config: DestinationConfig | undefined): CredentialDestination {
  if (config === undefined) return intoHeader("authorization", "Bearer ");
  switch (config.kind) {
    case "header":
      return intoHeader(config.header.name, config.header.prefix ?? "");
    case "queryParameter": {
      const { name } = config.queryParameter;
      return (head, credential) => {
        head.search = writeParameter(head.search, name, credential);
        return true;
      };
    }
    case "cookie": {
      const { name } = config.cookie;
      return (head, credential) => {
        if (!cookieValue.test(credential)) return false;
        writeCookie(head.headers, name, credential);
        return true;
      };
    }
  }
}

/** Visible ASCII less the characters that end a cookie; RFC 6265 section 4.1.1, with `"`, `,` and `\` let through as servers do. */
const cookieValue = /^[!-:<-~]*$/;

function intoHeader(name: string, prefix: string): CredentialDestination {
  return (head, credential) => {
    const value = fieldValue(prefix + credential);
    if (value === undefined) return false;
    head.headers.set(name, value);
    return true;
  };
}
