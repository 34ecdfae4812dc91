import type { HeaderList } from "../../base/headers.ts";
import type { CompiledExpression } from "../../cel/compile.ts";
import { isMap, mapGet, mapKeys } from "../../cel/map.ts";
import { ReadSet } from "../../cel/read-set.ts";
import type { Value } from "../../cel/value.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { asBody, asText, evaluate } from "../expressions.ts";
import { fieldValue } from "../field-value.ts";
import { isFraming } from "../header-edits.ts";
import type { Transform } from "./config.ts";

/** What a transformation is done to: a request or a reply. */
export interface Subject {
  readonly headers: () => HeaderList;
  /** Sets a pseudo header (`:path`, `:status`, ...); one that it does not have, or a bad value, changes nothing. */
  readonly setPseudo: (name: string, value: Value) => void;
  readonly replaceBody: (bytes: Buffer) => void;
}

export interface CompiledTransform {
  readonly reads: ReadSet;
  readonly apply: (exchange: Exchange, subject: Subject) => void;
}

type Named = readonly (readonly [name: string, expression: CompiledExpression])[];
type Computed = readonly (readonly [name: string, value: Value | undefined])[];

/**
 * Compiles one half of a transformation. Metadata first, so that everything else sees it; then every value is computed from
 * the message as it came, before the first change is made.
 * @param warn told about fields that cannot be changed by configuration
 */
export function compileTransform(config: Transform, warn: (message: string) => void): CompiledTransform {
  const { replace, body } = config;
  const metadata = Object.entries(config.metadata);
  const add = usable(config.add, "add", warn);
  const set = usable(config.set, "set", warn);
  const { remove } = config;
  const expressions = [...metadata, ...add, ...set].map(([, expression]) => expression);
  if (replace !== undefined) expressions.push(replace);
  if (body !== undefined) expressions.push(body);

  return {
    reads: ReadSet.union(expressions.map((expression) => expression.reads)),
    apply: (exchange, subject) => {
      setMetadata(exchange, metadata);
      const replacement = replace === undefined ? undefined : fieldsOf(evaluate(replace, exchange));
      const added = compute(add, exchange);
      const changed = compute(set, exchange);
      const bytes = body === undefined ? undefined : asBody(evaluate(body, exchange));

      const headers = subject.headers();
      if (replacement !== undefined) replaceFields(headers, replacement);
      for (const [name, value] of added) put(subject, headers, { name, value, append: true });
      for (const [name, value] of changed) put(subject, headers, { name, value, append: false });
      for (const name of remove) headers.remove(name);
      if (bytes === undefined) return;
      headers.remove("content-length");
      subject.replaceBody(bytes);
    },
  };
}

function usable(fields: Readonly<Record<string, CompiledExpression>>, key: string, warn: (message: string) => void): Named {
  return Object.entries(fields).filter(([name]) => {
    if (isFraming(name)) warn(`${key}.${name} is ignored: it belongs to one connection, and the gateway sets it itself`);
    return !isFraming(name);
  });
}

function compute(fields: Named, exchange: Exchange): Computed {
  return fields.map(([name, expression]) => [name, evaluate(expression, exchange)]);
}

function setMetadata(exchange: Exchange, metadata: Named): void {
  for (const [name, expression] of metadata) {
    const value = evaluate(expression, exchange);
    if (value !== undefined) (exchange.metadata ??= {})[name] = value;
  }
}

interface Change {
  readonly name: string;
  readonly value: Value | undefined;
  readonly append: boolean;
}

/** A value that failed takes the field away: otherwise a client could make it fail and have its own field believed. */
function put(subject: Subject, headers: HeaderList, { name, value, append }: Change): void {
  if (name.startsWith(":") || name === "host") {
    if (value !== undefined) subject.setPseudo(name === "host" ? ":authority" : name, value);
    return;
  }
  const text = asText(value);
  const field = text === undefined ? undefined : fieldValue(text);
  if (field === undefined) headers.remove(name);
  else if (append) headers.add(name, field);
  else headers.set(name, field);
}

/** RFC 9110 section 5.6.2: token. */
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** All fields of a map, values being texts or lists of texts; none when it is no map, a failure included. */
function fieldsOf(value: Value | undefined): string[] {
  const flat: string[] = [];
  if (value === undefined || !isMap(value)) return flat;
  for (const key of mapKeys(value)) {
    const name = typeof key === "string" ? key.toLowerCase() : "";
    // Host is the authority, which a copy of all fields is not meant to change
    if (!token.test(name) || isFraming(name) || name === "host") continue;
    const member = mapGet(value, key);
    for (const one of Array.isArray(member) ? (member as Value[]) : [member]) {
      const text = asText(one);
      const field = text === undefined ? undefined : fieldValue(text);
      if (field !== undefined) flat.push(name, field);
    }
  }
  return flat;
}

/** Fields that frame the message stay. */
function replaceFields({ flat }: HeaderList, replacement: readonly string[]): void {
  const kept: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    if (isFraming(flat[i]!)) kept.push(flat[i]!, flat[i + 1]!);
  }
  flat.splice(0, flat.length, ...kept, ...replacement);
}
