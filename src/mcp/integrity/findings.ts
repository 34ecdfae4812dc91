/** Something about a definition that its operator should see. */
export interface Finding {
  readonly kind: FindingKind;
  /** For people, with what is invisible written out. */
  readonly detail: string;
}

/**
 * `hiddenText`: characters that people do not see. `confusableName`: a name that looks like that of another target's tool.
 * `sameName`: one that differs from it in case and separators at most. `mentionsTool`: a text gives instructions about
 * another target's tool. `unclear`: readers may disagree about the JSON. `oversized`: too long to be looked through.
 */
export type FindingKind = "hiddenText" | "confusableName" | "sameName" | "mentionsTool" | "unclear" | "oversized";

/**
 * Whether a finding keeps a definition from being approved by first sight. Targets that have tools of the same name are an
 * everyday thing, and their prefixes tell them apart. (Without prefixes equal names are `confusableName`.)
 */
export function isGrave({ kind }: Finding): boolean {
  return kind !== "sameName";
}
