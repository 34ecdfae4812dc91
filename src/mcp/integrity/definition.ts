import { hash } from "node:crypto";
import { canonicalMembers, type CanonicalMember, objectOf, TooDeep } from "./canonical.ts";

/** What is pinned: tools and prompts are what a model is told about. */
export type PinnedKind = "tool" | "prompt";

export function isPinned(kind: string): kind is PinnedKind {
  return kind === "tool" || kind === "prompt";
}

/** What a server says of a tool or prompt, as far as it matters to a model. */
export interface Definition {
  /** SHA-256 of the members in canonical form, hexadecimal digits. */
  readonly fingerprint: string;
  /** By name; values are JSON text. None where the text could not be read. */
  readonly members: readonly CanonicalMember[];
  /** Why readers may disagree about it, or it could not be read. */
  readonly unclear: "repeatedKeys" | "tooDeep" | undefined;
}

/** In small letters: some readers (Go's encoding/json) ignore case, so other spellings count too. `_meta` and icons do not. */
const pinnedMembers: Readonly<Record<PinnedKind, ReadonlySet<string>>> = {
  tool: new Set(["name", "title", "description", "inputschema", "outputschema", "annotations"]),
  prompt: new Set(["name", "title", "description", "arguments"]),
};

/** Reads an element of a list. @param bytes JSON text of an object */
export function readDefinition(kind: PinnedKind, bytes: Buffer): Definition {
  try {
    const { members: all, repeats } = canonicalMembers(bytes.toString());
    const members = all.filter(({ name }) => pinnedMembers[kind].has(name.toLowerCase()));
    const spelledTwice = new Set(members.map(({ name }) => name.toLowerCase())).size < members.length;
    const fingerprint = hash("sha256", objectOf(members), "hex");
    return { fingerprint, members, unclear: repeats || spelledTwice ? "repeatedKeys" : undefined };
  } catch (thrown) {
    if (!(thrown instanceof TooDeep)) throw thrown;
    return { fingerprint: hash("sha256", bytes, "hex"), members: [], unclear: "tooDeep" };
  }
}

/** All texts of a definition, keys included, and where each stands: `inputSchema.properties.path.description`. */
export function* textsOf({ members }: Definition): Generator<readonly [place: string, text: string]> {
  for (const { name, value } of members) yield* textsIn(name, JSON.parse(value));
}

function* textsIn(place: string, value: unknown): Generator<readonly [string, string]> {
  if (typeof value === "string") yield [place, value];
  else if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) yield* textsIn(`${place}[${index}]`, element);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      yield [`${place} (a key)`, key];
      yield* textsIn(`${place}.${key}`, member);
    }
  }
}
