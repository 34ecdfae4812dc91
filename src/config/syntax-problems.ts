import { isScalar, visit } from "yaml";
import type { Document, ErrorCode, YAMLError } from "yaml";

/** What is wrong with a text that is not YAML, in words of ours: the library's quote the text, and that may hold a secret. */

/** Something wrong at an offset of the text. */
export interface TextProblem {
  readonly offset: number;
  readonly message: string;
}

/** What the parser found, in the order of the text; one problem a line, as the others there only follow from it. */
export function syntaxProblems(document: Document.Parsed, text: string): TextProblem[] {
  const found = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  const problems = found.map((error) => ({ offset: offsetOf(error, document, text), message: messageOf(error) }));
  return problems.filter(({ offset }, index) => index === 0 || text.slice(problems[index - 1]!.offset, offset).includes("\n"));
}

/** The first letters of those messages of the library that tell apart what has the same code. Nothing of the text is in them. */
const noDash = "Sequence item without";
const noQuote = "Missing closing";
const noBracket = /^Flow (?:map|sequence) /;

function messageOf({ code, message }: YAMLError): string {
  if (message.startsWith(noDash)) {
    return "stands among the entries of a list and begins with no `- `; indent it like the keys that it belongs to";
  }
  if (message.startsWith(noQuote)) return "the quotes that are opened here are not closed";
  if (noBracket.test(message)) return "a bracket that was opened before is not closed, or not indented enough";
  return syntaxMessages[code] ?? "is not valid YAML";
}

/** Where a person would look: at the first letter of a badly indented line, at the quote that was opened. */
function offsetOf(error: YAMLError, document: Document.Parsed, text: string): number {
  const { code, message } = error;
  const [offset] = error.pos;
  if (message.startsWith(noQuote)) return openingQuote(document, offset) ?? offset;
  if (code !== "BAD_INDENT" && !message.startsWith(noDash)) return offset;
  const indentation = /^ */.exec(text.slice(offset, offset + 1000));
  return offset + (indentation?.[0].length ?? 0);
}

function openingQuote(document: Document.Parsed, end: number): number | undefined {
  let start: number | undefined;
  visit(document, (_, node) => {
    if (!isScalar(node) || !node.range || (node.type !== "QUOTE_DOUBLE" && node.type !== "QUOTE_SINGLE")) return;
    if (node.range[0] <= end && end <= node.range[2]) start = node.range[0];
  });
  return start;
}

export const syntaxMessages: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: "alias (`*name`) without such an anchor (`&name`); put text that starts with * in quotes",
  BAD_DQ_ESCAPE: "unknown escape sequence in a text in double quotes",
  BAD_INDENT: "is indented neither like what it follows nor like what it belongs to; indent it like its siblings",
  BAD_SCALAR_START: "text cannot start with this character; put it in quotes",
  BLOCK_AS_IMPLICIT_KEY:
    "a key on this line has another key or list as its name; is there a `:` too many, text that needs quotes, or a line indented too far?",
  BLOCK_IN_FLOW: "indented lists and maps cannot stand inside [] or {}",
  KEY_OVER_1024_CHARS: "key is longer than 1024 characters",
  MISSING_CHAR: "a character is missing here, such as a closing quote or bracket, a `:` or a comma",
  MULTILINE_IMPLICIT_KEY: "a key cannot go over several lines; is there a `:` missing, or the space after it?",
  MULTIPLE_ANCHORS: "more than one anchor (`&name`) on a value",
  MULTIPLE_DOCS: "more than one document (`---`) in the text; only one can be read",
  NON_STRING_KEY: "keys must be plain text",
  RESOURCE_EXHAUSTION: "is nested too deeply",
  TAB_AS_INDENT: "a tab is used for indentation; YAML takes only spaces",
  TAG_RESOLVE_FAILED: "tags (`!name`) are not used here; put text that starts with ! in quotes",
  UNEXPECTED_TOKEN: "something is left over here; is the indentation right, or are quotes missing?",
};
