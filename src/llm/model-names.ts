/**
 * Model names as a configuration writes them: to the letter, or with one `*` at the start, at the end, or alone. Used
 * for `llm.models[].name` and for an API key's `allowedModels`.
 */
export interface ModelPattern {
  readonly text: string;
  /** Characters other than `*`: the more, the earlier a pattern is tried. */
  readonly specificity: number;
  /** No `*`: the pattern is one name. */
  readonly exact: boolean;
  /** What a name must start with; "" for anything. */
  readonly prefix: string;
  /** What a name must end with; "" for anything. */
  readonly suffix: string;
}

/** @throws Error when there is a `*` in the middle, or more than one. */
export function parseModelPattern(text: string): ModelPattern {
  const star = text.indexOf("*");
  if (text.lastIndexOf("*") !== star || (star > 0 && star !== text.length - 1)) {
    throw new Error(`model name ${JSON.stringify(text)}: one \`*\` is allowed, at the start or at the end`);
  }
  return toPattern(text);
}

function toPattern(text: string): ModelPattern {
  const star = text.indexOf("*");
  if (star === -1) return { text, specificity: text.length, exact: true, prefix: text, suffix: "" };
  return { text, specificity: text.length - 1, exact: false, prefix: text.slice(0, star), suffix: text.slice(star + 1) };
}

export function matchesModel(pattern: ModelPattern, name: string): boolean {
  if (pattern.exact) return name === pattern.text;
  return name.length >= pattern.specificity && name.startsWith(pattern.prefix) && name.endsWith(pattern.suffix);
}

/**
 * Whether one of an API key's patterns has the name; no list at all allows every name, an empty one none. The patterns
 * were checked with the key's configuration.
 */
export function isModelAllowed(allowed: readonly string[] | undefined, name: string): boolean {
  if (allowed === undefined) return true;
  for (const text of allowed) if (matchesModel(toPattern(text), name)) return true;
  return false;
}

/**
 * What is left of a listed model for a caller who may use `allowed` only: the names or patterns that both sides have.
 * A prefix and a suffix meet in `prefix*suffix`.
 */
export function intersectModels(listed: ModelPattern, allowed: readonly string[] | undefined): string[] {
  if (allowed === undefined) return [listed.text];
  const found = new Set<string>();
  for (const text of allowed) {
    const both = intersect(listed, toPattern(text));
    if (both !== undefined) found.add(both);
  }
  return [...found];
}

function intersect(a: ModelPattern, b: ModelPattern): string | undefined {
  if (a.exact) return matchesModel(b, a.text) ? a.text : undefined;
  if (b.exact) return matchesModel(a, b.text) ? b.text : undefined;
  const prefix = longer(a.prefix, b.prefix, (long, short) => long.startsWith(short));
  const suffix = longer(a.suffix, b.suffix, (long, short) => long.endsWith(short));
  return prefix === undefined || suffix === undefined ? undefined : `${prefix}*${suffix}`;
}

function longer(a: string, b: string, contains: (long: string, short: string) => boolean): string | undefined {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return contains(long, short) ? long : undefined;
}
