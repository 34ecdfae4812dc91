import * as z from "zod";
import { exactlyOne } from "./combinators.ts";

/** JSON Schema format of strings that name a file; the loader finds by it which files to watch. */
export const filePathFormat = "file-path";

/** The path of a file; relative paths are relative to the working directory. */
export function filePath() {
  return z.string().min(1, "expected the path of a file").meta({ format: filePathFormat });
}

/** Text given in place or as the name of a file that holds it. */
export type FileOrInline = { readonly kind: "inline"; readonly inline: string } | { readonly kind: "file"; readonly file: string };

/** A string with the content, or `{file: path}`. */
export function fileOrInline() {
  return z.union([inline(), exactlyOne({ file: filePath().describe("Path of the file that holds the value.") })]);
}

/** A document given in place, by file or by URL. */
export type Document = FileOrInline | { readonly kind: "url"; readonly url: string };

/** A string with the content, `{file: path}` or `{url: https://...}`. */
export function fileInlineOrRemote() {
  return z.union([
    inlineDocument(),
    exactlyOne({
      file: filePath().describe("Path of the file that holds the document."),
      url: httpUrl().describe("Where to fetch the document, http or https."),
    }),
  ]);
}

function inline() {
  return z.string().transform((text) => ({ kind: "inline" as const, inline: text }));
}

/** The commonest slip: a string is the document itself, however much it looks like the way to it. */
function inlineDocument() {
  return z
    .string()
    .refine((text) => !/^https?:\/\/\S+$/.test(text), "a string here is the document itself; a URL is written as `{url: ...}`")
    .refine(
      (text) => !/^[~.]{0,2}\/\S+$|^[^\s{"]+\.(?:json|ya?ml)$/.test(text),
      "a string here is the document itself; a file is written as `{file: ...}`",
    )
    .transform((text) => ({ kind: "inline" as const, inline: text }));
}

/** An absolute http or https URL without user and password. Output: as written. */
export function httpUrl() {
  return z.string().refine(isHttpUrl, "expected a URL that starts with http:// or https:// and holds no user name");
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "";
}
