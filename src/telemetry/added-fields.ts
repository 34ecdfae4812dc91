import { redacted } from "../base/redact.ts";
import { Flattened, type NamedExpression } from "../contract/expression.ts";
import type { Exchange } from "../contract/exchange.ts";

/** Header fields that hold credentials; `config.sensitiveHeaders` adds to them. */
const sensitiveByNature = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-goog-api-key"];

/** Names of header fields, in lower case, whose values never reach a log or a span. */
export function sensitiveHeaderNames(configured: readonly string[]): ReadonlySet<string> {
  return new Set([...sensitiveByNature, ...configured.map((name) => name.toLowerCase())]);
}

/** Receives the name and the plain JSON value of a field. */
export type TakeField = (name: string, value: unknown) => void;

/**
 * The fields that a configuration adds to log lines or spans, compiled: calling it evaluates them for an exchange and
 * hands on those that have a value. `flatten()` becomes one field per member. Values of sensitive headers are replaced:
 * where an expression is nothing but such a header, and where an object (all headers, say) has a member of that name.
 */
export function compileAddedFields(
  fields: readonly NamedExpression[],
  sensitive: ReadonlySet<string>,
): (exchange: Exchange, take: TakeField) => void {
  const byName = new Map(fields.map((field) => [field.name, field])); // of two with one name the later counts
  const compiled = [...byName.values()].map(({ name, expression }) => ({
    name,
    expression,
    hidden: readsSensitiveHeader(expression.source, sensitive),
  }));
  return (exchange, take) => {
    for (const { name, expression, hidden } of compiled) {
      const value = expression.evaluate(exchange);
      if (value === undefined || value === null) continue;
      try {
        takeValue(name, hidden ? redacted : value, sensitive, take);
      } catch {
        // nested so deep that writing it overflows the stack: left out like an expression that failed, the line stays
      }
    }
  };
}

function takeValue(name: string, value: unknown, sensitive: ReadonlySet<string>, take: TakeField): void {
  if (!(value instanceof Flattened)) {
    take(name, withoutSensitive(value, sensitive));
    return;
  }
  for (const [member, inner] of value.members) {
    if (inner === undefined || inner === null) continue;
    take(`${name}.${member}`, isSensitive(member, sensitive) ? redacted : withoutSensitive(inner, sensitive));
  }
}

/** `request.headers["x-api-key"]`, `request.headers.authorization`, and nothing around it. */
function readsSensitiveHeader(source: string, sensitive: ReadonlySet<string>): boolean {
  const match = /^\s*(?:request|response)\.headers(?:\.([\w]+)|\[\s*(["'])([^"']+)\2\s*\])\s*$/.exec(source);
  const name = match?.[1] ?? match?.[3];
  return name !== undefined && sensitive.has(name.toLowerCase());
}

/** The last part of `headers.authorization`, as flattening makes it. */
function isSensitive(member: string, sensitive: ReadonlySet<string>): boolean {
  const name = member.toLowerCase();
  return sensitive.has(name) || sensitive.has(name.slice(name.lastIndexOf(".") + 1));
}

function withoutSensitive(value: unknown, sensitive: ReadonlySet<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutSensitive(item, sensitive));
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const clean = sensitive.has(name.toLowerCase()) ? redacted : withoutSensitive(member, sensitive);
    Object.defineProperty(copy, name, { value: clean, enumerable: true });
  }
  return copy;
}
