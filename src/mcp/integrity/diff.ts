import type { CanonicalMember } from "./canonical.ts";
import { visible } from "./hidden-text.ts";

/** Lines of a difference that are shown. */
const maxLines = 20;
/** Characters of a line that are shown of what did not change, before and behind. */
const context = 40;
/** Characters of a changed part that are shown. */
const maxChanged = 300;

/** A member as it is kept: its text may have been too long. */
export type KeptMember = Pick<CanonicalMember, "name"> & { readonly value: string | undefined; readonly digest: string };

/** What differs between two definitions, a line each, for people: `inputSchema.required[1]: nothing -> "to"`. */
export function describeChange(before: readonly KeptMember[], after: readonly KeptMember[]): string[] {
  const lines: string[] = [];
  for (const name of new Set([...before, ...after].map((member) => member.name))) {
    const [old, now] = [before, after].map((members) => members.filter((member) => member.name === name)) as [KeptMember[], KeptMember[]];
    if (old.map(digest).join() === now.map(digest).join()) continue;
    lines.push(...describeMember(name, old, now));
  }
  return lines.length > maxLines ? [...lines.slice(0, maxLines), `... and ${lines.length - maxLines} more`] : lines;
}

function describeMember(name: string, old: readonly KeptMember[], now: readonly KeptMember[]): string[] {
  if ([...old, ...now].some(({ value }) => value === undefined)) return [`${name}: changed; it is too long to be kept for comparison`];
  const [was, is] = [old, now].map((members) => leavesOf(name, members)) as [Map<string, string>, Map<string, string>];
  const lines: string[] = [];
  for (const place of new Set([...was.keys(), ...is.keys()])) {
    const [from, to] = [was.get(place), is.get(place)];
    if (from !== to) lines.push(describeLeaf(place, from, to));
  }
  return lines.length === 0 ? [`${name}: written in another way that readers may tell apart`] : lines;
}

function digest(member: KeptMember): string {
  return member.digest;
}

/** Every value that is no object and no array, by where it stands; JSON text. */
function leavesOf(name: string, members: readonly KeptMember[]): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const { value } of members) if (value !== undefined) collect(leaves, name, JSON.parse(value));
  return leaves;
}

function collect(leaves: Map<string, string>, place: string, value: unknown): void {
  if (typeof value !== "object" || value === null) leaves.set(place, JSON.stringify(value));
  else if (Array.isArray(value)) for (const [index, element] of value.entries()) collect(leaves, `${place}[${index}]`, element);
  else {
    const members = Object.entries(value);
    if (members.length === 0) leaves.set(place, "{}");
    for (const [key, member] of members) collect(leaves, `${place}.${key}`, member);
  }
}

/** A difference between two texts: what is common to both is shown as far as it tells where. */
function describeLeaf(place: string, from: string | undefined, to: string | undefined): string {
  const label = visible(shorten(place, maxChanged));
  if (from === undefined) return `${label}: nothing -> ${visible(shorten(to ?? "", maxChanged))}`;
  if (to === undefined) return `${label}: ${visible(shorten(from, maxChanged))} -> nothing`;
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1;
  let tail = 0;
  while (tail < Math.min(from.length, to.length) - start && from.at(-1 - tail) === to.at(-1 - tail)) tail += 1;
  const cut = (text: string): string => {
    const head = start > context ? `...${text.slice(start - context, start)}` : text.slice(0, start);
    const end = tail > context ? `${text.slice(text.length - tail, text.length - tail + context)}...` : text.slice(text.length - tail);
    return visible(head + shorten(text.slice(start, text.length - tail), maxChanged) + end);
  };
  return `${label}: ${cut(from)} -> ${cut(to)}`;
}

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}... (${text.length} characters)` : text;
}
