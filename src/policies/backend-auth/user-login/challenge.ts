/** What a server's refusal says about logging in: the Bearer challenge of RFC 6750 section 3 and RFC 9728 section 5.1. */
export interface Challenge {
  readonly error?: string;
  /** Scopes with spaces between. */
  readonly scope?: string;
  /** Where the server describes itself. */
  readonly resourceMetadata?: string;
}

/** Characters of a field that are looked at, and of a value that is kept. */
const maxFieldLength = 8_192;
const maxValueLength = 2_048;

/**
 * Reads the Bearer challenge in `WWW-Authenticate` fields (RFC 9110 section 11.6.1): several schemes may share one field.
 * @returns empty when there is none; never throws, whatever a server sent
 */
export function readChallenge(fields: readonly string[]): Challenge {
  for (const field of fields) {
    const parameters = bearerParameters(field.slice(0, maxFieldLength));
    if (parameters === undefined) continue;
    const { error, scope } = Object.fromEntries(parameters) as Readonly<Record<string, string>>;
    const resourceMetadata = parameters.get("resource_metadata");
    return {
      ...(error === undefined ? {} : { error }),
      ...(scope === undefined || !isScope(scope) ? {} : { scope }),
      ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
    };
  }
  return {};
}

/** Scopes as RFC 6749 section 3.3 has them. */
export function isScope(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(text);
}

/** Several lists of scopes as one, each once, in their order. */
export function unionOfScopes(...lists: readonly (string | undefined)[]): string | undefined {
  const scopes = new Set(lists.flatMap((list) => list?.split(" ") ?? []).filter((scope) => scope !== ""));
  return scopes.size === 0 ? undefined : [...scopes].join(" ");
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** A parameter, or the scheme that the ones after it belong to. */
const part = new RegExp(`(${token})(?:\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))|(?=\\s|,|$))`, "gy");
const between = /[\s,]*/y;

function bearerParameters(field: string): Map<string, string> | undefined {
  let parameters: Map<string, string> | undefined;
  let at = 0;
  while (at < field.length) {
    between.lastIndex = at;
    at += between.exec(field)?.[0].length ?? 0;
    part.lastIndex = at;
    const match = part.exec(field);
    if (match === null) break;
    at += match[0].length;
    const [, name = "", quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) {
      if (parameters !== undefined) break; // the next scheme
      if (name.toLowerCase() === "bearer") parameters = new Map();
    } else if (parameters !== undefined && value.length <= maxValueLength && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), value);
    }
  }
  return parameters;
}
