/** An origin (RFC 6454): scheme, host and port. */
export interface Origin {
  readonly scheme: "http" | "https";
  /** Lower case, an IPv6 address with its brackets. In a pattern it may hold `*`. */
  readonly host: string;
  readonly port: number;
}

const form = /^(https?):\/\/(\[[0-9a-f:.]+\]|[^/?#@:[\]\s]+)(?::(\d{1,5}))?$/i;

/** Reads an Origin field, or a pattern of the configuration; undefined for `null`, other schemes and anything with a path. */
export function parseOrigin(text: string): Origin | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const scheme = match[1]!.toLowerCase() === "https" ? "https" : "http";
  const port = match[3] === undefined ? defaultPort(scheme) : Number(match[3]);
  if (port === 0 || port > 65_535) return undefined;
  return { scheme, host: match[2]!.toLowerCase(), port };
}

function defaultPort(scheme: "http" | "https"): number {
  return scheme === "https" ? 443 : 80;
}

/**
 * Compiles the origins that are allowed: `*` is everyone, otherwise scheme and port must be equal and `*` in a host
 * stands for any number of characters, dots included.
 * @param warn told about entries that no origin can equal
 */
export function compileOrigins(allowed: readonly string[], warn: (message: string) => void): (origin: string) => boolean {
  if (allowed.includes("*")) return () => true;
  const asSent = new Set<string>();
  const patterns: ((origin: Origin) => boolean)[] = [];
  for (const text of allowed) {
    const pattern = parseOrigin(text);
    if (pattern === undefined) {
      warn(`allowOrigins: "${text}" matches nothing; an origin is a scheme and a host, such as https://app.example.com`);
      continue;
    }
    asSent.add(text);
    patterns.push(compilePattern(pattern));
  }
  return (origin) => {
    if (origin.includes("*")) return false; // a pattern is not an origin, however equal the two look
    if (asSent.has(origin)) return true;
    const parsed = parseOrigin(origin);
    return parsed !== undefined && patterns.some((matches) => matches(parsed));
  };
}

function compilePattern(pattern: Origin): (origin: Origin) => boolean {
  const hostMatches = compileHost(pattern.host);
  return (origin) => origin.scheme === pattern.scheme && origin.port === pattern.port && hostMatches(origin.host);
}

/** Linear in the host: each piece between two `*` is looked for once, behind the previous one. */
function compileHost(pattern: string): (host: string) => boolean {
  const pieces = pattern.split("*");
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (pieces.length === 1) return (host) => host === first;
  const inner = pieces.slice(1, -1);
  return (host) => {
    if (host.length < first.length + last.length || !host.startsWith(first) || !host.endsWith(last)) return false;
    const end = host.length - last.length;
    let at = first.length;
    for (const piece of inner) {
      const found = host.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}
