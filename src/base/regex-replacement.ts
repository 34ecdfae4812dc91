/** One match: where it lies, and what its groups caught. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** What a group caught; undefined when it took no part in the match or is unknown. By number or by name. */
  group(reference: string): string | undefined;
}

/** A parsed replacement: texts and references to groups, in turn, starting with a text. */
export interface Replacement {
  readonly texts: readonly string[];
  readonly references: readonly string[];
}

/**
 * Parses a replacement as Rust's regex crate writes them: `$name` (the longest run of letters, digits and underscores),
 * `${name}`, and `$$` for a dollar sign. Any other dollar sign stands for itself.
 */
export function parseReplacement(source: string): Replacement {
  const texts: string[] = [];
  const references: string[] = [];
  let text = "";
  let kept = 0;
  for (const found of source.matchAll(/\$(?:\$|([0-9A-Za-z_]+)|\{([^{}]*)\})/g)) {
    text += source.slice(kept, found.index);
    kept = found.index + found[0].length;
    const reference = found[1] ?? found[2];
    if (reference === undefined) text += "$";
    else {
      texts.push(text);
      references.push(reference);
      text = "";
    }
  }
  texts.push(text + source.slice(kept));
  return { texts, references };
}

/** The text that takes the place of a match. A group that is unknown or caught nothing gives nothing. */
export function expandReplacement(replacement: Replacement, match: RegexMatch): string {
  const { texts, references } = replacement;
  let result = texts[0] as string;
  for (let i = 0; i < references.length; i++) {
    result += (match.group(references[i] as string) ?? "") + (texts[i + 1] as string);
  }
  return result;
}
