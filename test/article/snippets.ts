import { readFileSync } from "node:fs";

/**
 * The configurations that an article of April 2026 shows (how a company runs the reference project in front of its MCP
 * servers and models), as printed there but for one comment. They are joined as text, each where the article puts it; what
 * a test replaces is listed there: ports and hosts, so that it needs no network.
 */
export type SnippetName = "multiplexing" | "authentication" | "product" | "usage" | "access" | "models";

/** A snippet as printed. */
export function snippet(name: SnippetName): string {
  return readFileSync(new URL(`snippets/${name}.txt`, import.meta.url), "utf8");
}

/** Puts the text further to the right. */
export function indented(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}

/**
 * Replaces each text that is to be replaced, which must be there.
 * @param replacements what is written in the article, and what a test needs instead
 */
export function replaced(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [printed, instead]) => {
    if (!result.includes(printed)) throw new Error(`the snippet does not hold ${JSON.stringify(printed)}`);
    return result.replaceAll(printed, instead);
  }, text);
}
