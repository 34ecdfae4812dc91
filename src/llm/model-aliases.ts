/**
 * Compiles `modelAliases`: the name a client's model stands for. Exact names are tried first, then patterns with any
 * number of `*`, the longest first.
 * @returns the name itself when no alias matches
 */
export function compileAliases(aliases: Readonly<Record<string, string>>): (model: string) => string {
  const exact = new Map(Object.entries(aliases).filter(([name]) => !name.includes("*")));
  const patterns = Object.entries(aliases)
    .filter(([name]) => name.includes("*"))
    .sort(([a], [b]) => b.length - a.length)
    .map(([name, target]) => ({ parts: name.split("*"), target }));
  return (model) => {
    const target = exact.get(model);
    if (target !== undefined) return target;
    for (const { parts, target } of patterns) if (matchesParts(parts, model)) return target;
    return model;
  };
}

/** Whether a text starts with the first part, ends with the last and has the others between, in order. Linear. */
function matchesParts(parts: readonly string[], text: string): boolean {
  const first = parts[0] as string;
  const last = parts[parts.length - 1] as string;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
