import type { Format, FormatName } from "../format.ts";
import { completions } from "./completions/index.ts";
import { embeddings } from "./embeddings/index.ts";
import { generateContent } from "./generate-content/index.ts";
import { messages } from "./messages/index.ts";
import { responses } from "./responses/index.ts";
import { anthropicTokenCount, geminiCountTokens, rerank } from "./unmetered/index.ts";

/** Every wire shape. A new one needs a folder, a name in format.ts and a line here. */
export const formats: { readonly [Name in FormatName]: Format } = {
  completions,
  messages,
  responses,
  embeddings,
  generateContent,
  anthropicTokenCount,
  geminiCountTokens,
  rerank,
};

/** The shape of that name; undefined for types that are not one, such as `detect`. */
export function formatOf(name: string): Format | undefined {
  return Object.hasOwn(formats, name) ? formats[name as FormatName] : undefined;
}
