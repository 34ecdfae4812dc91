import { type Definition, type PinnedKind, textsOf } from "./definition.ts";
import type { Finding } from "./findings.ts";
import { hiddenIn } from "./hidden-text.ts";
import type { ToolNames } from "./tool-names.ts";

/** Characters of a definition that are looked through. */
const maxExamined = 262_144;
/** Findings of one definition that are kept. */
const maxFindings = 16;

export interface Examined {
  readonly kind: PinnedKind;
  readonly target: string;
  readonly name: string;
}

/** Looks for what a definition hides, and for what it has to do with other targets' tools. */
export function examine({ kind, target, name }: Examined, definition: Definition, names: ToolNames): Finding[] {
  const findings: Finding[] = [];
  const hiddenName = hiddenIn(name, true);
  if (hiddenName !== undefined) findings.push({ kind: "hiddenText", detail: `the name has ${hiddenName}` });
  if (kind === "tool") findings.push(...names.alike(target, name));
  if (definition.unclear === "repeatedKeys")
    findings.push({ kind: "unclear", detail: "a key stands there twice: readers take one or the other" });
  if (definition.unclear === "tooDeep") findings.push({ kind: "unclear", detail: "it is nested too deeply to be looked through" });
  let left = maxExamined;
  for (const [place, whole] of textsOf(definition)) {
    if (findings.length >= maxFindings) break;
    const text = whole.slice(0, left);
    left -= whole.length;
    const hidden = place === "name" ? undefined : hiddenIn(text);
    if (hidden !== undefined) findings.push({ kind: "hiddenText", detail: `${place} has ${hidden}` });
    if (place !== "name") findings.push(...names.mentions(target, place, text));
    if (left <= 0) {
      findings.push({ kind: "oversized", detail: `only the first ${maxExamined} characters were looked through` });
      break;
    }
  }
  return findings.slice(0, maxFindings);
}
