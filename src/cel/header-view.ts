import type { HeaderList } from "../base/headers.ts";
import { CelObject, redacted } from "./value.ts";
import type { Value } from "./value.ts";

/** How a view shows the entries of a field: one as text and several as a list, or always the same way. */
type Form = "plain" | "raw" | "joined" | "split";

/** Fields that are never shown in full where a view is redacted (RFC 9110 sections 11.6.2 and 11.7.2, RFC 6265). */
const sensitiveFields: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
]);

/** Header fields as expressions see them: `request.headers["x-team"]`. Names are found in whatever case. */
export class HeaderView extends CelObject {
  readonly #headers: HeaderList;
  readonly #form: Form;
  readonly #redacted: boolean;

  constructor(headers: HeaderList, form: Form = "plain", isRedacted = false) {
    super();
    this.#headers = headers;
    this.#form = form;
    this.#redacted = isRedacted;
  }

  get(name: string): Value | undefined {
    const { flat } = this.#headers;
    const wanted = name.toLowerCase();
    let first: string | undefined;
    let several: string[] | undefined;
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] !== wanted) continue;
      const value = flat[i + 1] as string;
      if (first === undefined) first = value;
      else (several ??= [first]).push(value);
    }
    if (first === undefined) return undefined;
    if (this.#redacted && sensitiveFields.has(wanted)) {
      first = redacted;
      several = several?.map(() => redacted);
    }
    return show(first, several, this.#form);
  }

  keys(): Iterable<string> {
    const { flat } = this.#headers;
    return new Set(flat.filter((_, i) => i % 2 === 0));
  }

  raw(): HeaderView {
    return new HeaderView(this.#headers, "raw", this.#redacted);
  }

  join(): HeaderView {
    return new HeaderView(this.#headers, "joined", this.#redacted);
  }

  split(): HeaderView {
    return new HeaderView(this.#headers, "split", this.#redacted);
  }

  withRedaction(isRedacted: boolean): HeaderView {
    return new HeaderView(this.#headers, this.#form, isRedacted);
  }

  /** The first cookie of a name (RFC 6265 section 4.2.1), without the quotes that may be around it. */
  cookie(name: string): string | undefined {
    for (const field of this.#headers.getAll("cookie")) {
      for (const pair of field.split(";")) {
        const equals = pair.indexOf("=");
        if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
        if (this.#redacted) return redacted;
        return pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, "$1");
      }
    }
    return undefined;
  }
}

function show(first: string, several: readonly string[] | undefined, form: Form): Value {
  switch (form) {
    case "plain":
      return several ?? first;
    case "raw":
      return several ?? [first];
    case "joined":
      return several === undefined ? first : several.join(",");
    case "split":
      return (several ?? [first]).flatMap((value) => value.split(",")).map((value) => value.trim());
  }
}
