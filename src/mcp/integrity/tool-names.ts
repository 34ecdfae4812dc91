import type { Finding } from "./findings.ts";
import { visible } from "./hidden-text.ts";

/** Names known of all targets at most; later ones are not looked for. */
const maxNames = 50_000;
/** Tools of one skeleton that are compared. */
const maxAlike = 16;
/** Other targets' tools that one definition is said to mention. */
const maxMentions = 8;
/** Mentions in one text that are looked at. */
const maxLooked = 200;
/** Characters on either side of a mention in which instructions are looked for. */
const nearby = 120;

interface Owned {
  readonly target: string;
  readonly name: string;
}

/** The tools of all targets of a backend by name, for finding those that pass for another target's or talk about them. */
export class ToolNames {
  private readonly prefixed: boolean;
  private readonly known = new Set<string>();
  /** Names by target. */
  private readonly counts = new Map<string, number>();
  /** By what a name looks like. */
  private readonly bySkeleton = new Map<string, Owned[]>();
  /** By each way of saying it, in small letters. */
  private readonly byWord = new Map<string, Owned[]>();

  /** @param prefixed whether names for clients have their target's name in front; without it equal names are a conflict */
  constructor(prefixed = true) {
    this.prefixed = prefixed;
  }

  /** @param published its name for clients */
  note(target: string, name: string, published: string): void {
    const key = `${target}\u0000${name}`;
    if (this.known.size >= maxNames || this.known.has(key)) return;
    this.known.add(key);
    this.counts.set(target, (this.counts.get(target) ?? 0) + 1);
    const owned = { target, name };
    add(this.bySkeleton, skeletonOf(name), owned);
    add(this.byWord, name.toLowerCase(), owned);
    if (published !== name) add(this.byWord, published.toLowerCase(), owned);
  }

  /** Another one when other targets have more names than before: what was found about a tool of this one may be incomplete. */
  versionFor(target: string): number {
    return this.known.size - (this.counts.get(target) ?? 0);
  }

  /** Whether a tool could be taken for another target's. */
  alike(target: string, name: string): Finding[] {
    const findings: Finding[] = [];
    for (const other of this.bySkeleton.get(skeletonOf(name)) ?? []) {
      if (other.target === target) continue;
      const whose = `${JSON.stringify(visible(other.name))} of target ${JSON.stringify(other.target)}`;
      if (this.prefixed && folded(other.name) === folded(name)) findings.push({ kind: "sameName", detail: `is called like ${whose}` });
      // of two that look alike the one in foreign letters is the imitation
      else if (foreignLetters(name) >= foreignLetters(other.name)) findings.push({ kind: "confusableName", detail: `looks like ${whose}` });
    }
    return findings.slice(0, maxMentions);
  }

  /** Where a text of one target's tool tells what to do about another target's. */
  mentions(target: string, place: string, text: string): Finding[] {
    const findings = new Map<string, Finding>();
    let looked = 0;
    if (this.versionFor(target) === 0) return [];
    for (const match of text.matchAll(/^[\t\n\r -~]*$/.test(text) ? asciiWord : word)) {
      const owners = this.byWord.get(match[0].toLowerCase());
      if (owners === undefined || findings.has(match[0]) || owners.some((owner) => owner.target === target)) continue;
      const [start, end] = [match.index, match.index + match[0].length];
      if (!isMeant(match[0], text.slice(Math.max(0, start - 8), start), text.slice(end, end + 8))) continue;
      if (++looked > maxLooked) {
        findings.set("", { kind: "mentionsTool", detail: `${place} mentions other targets' tools more than ${maxLooked} times` });
        break;
      }
      const around = text.slice(Math.max(0, start - nearby), end + nearby);
      if (!instruction.test(around)) continue;
      const whose = owners.map((owner) => owner.target).join(", ");
      findings.set(match[0], {
        kind: "mentionsTool",
        detail: `${place} says what to do about ${match[0]} of target ${whose}: ${JSON.stringify(visible(around.trim()))}`,
      });
      if (findings.size >= maxMentions) break;
    }
    return [...findings.values()];
  }
}

function add(map: Map<string, Owned[]>, key: string, owned: Owned): void {
  const all = map.get(key);
  if (all === undefined) map.set(key, [owned]);
  else if (all.length < maxAlike) all.push(owned);
}

/** Words as tools are named by: letters, digits and what joins them. */
const word = /[\p{L}\p{N}](?:[\p{L}\p{N}_.\-/]*[\p{L}\p{N}])?/gu;

/** The same where there are no other letters: several times as fast. */
const asciiWord = /[A-Za-z0-9](?:[A-Za-z0-9_.\-/]*[A-Za-z0-9])?/g;

/** A word of everyday language ("search") means a tool only where it is marked as a name. */
function isMeant(name: string, before: string, after: string): boolean {
  if (/[_\-./\d]|[a-z][A-Z]/.test(name)) return true;
  return (
    (/[`"'“‘«]$/.test(before) && /^[`"'”’»]/.test(after)) || /^[`"'”’]?\s+tools?\b/i.test(after) || /\btool:?\s+[`"'“]?$/i.test(before)
  );
}

/** Words by which somebody is told what to do. */
const instruction =
  /\b(?:must|shall|always|never|before|instead|prefer|ignore|disregard|override|overrides|first|afterwards|after|avoid|don['’]?t|do not|should|have to|needs? to|make sure|ensure|whenever|when|call|calls|calling|invoke|run|use|using|send|forward|redirect|add|set|change|replace|replaces|supersedes|deprecated|disabled|broken)\b/i;

/** A name in one spelling of case and separators. */
function folded(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_.\-/]/g, "");
}

function foreignLetters(name: string): number {
  return name.replace(/[ -~]/g, "").length;
}

/** What a name looks like (after Unicode TS 39, for the letters that tools are named with). */
function skeletonOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/[\p{Default_Ignorable_Code_Point}\u{300}-\u{36f}]/gu, "")
    .replace(/[\s_.\-/]/g, "");
  const letters = Array.from(plain, (point) => lookalikes.get(point) ?? point.toLowerCase());
  return letters
    .map((point) => lookalikes.get(point) ?? point)
    .join("")
    .replaceAll("rn", "m")
    .replaceAll("vv", "w");
}

/** Letters that look like others, each group by the one that comes first. Capital I looks like a small l; capital i does not stay I. */
const groups =
  "aаαɑ bЬВƅ cсϲᴄ dԁɗ eеєҽ fϝ gɡցԍ hһհНΗ iіıɩɪι jјϳ kкκКΚ lI1|ӏΙІӀ mмМΜ nոռΝ o0оοօ०ОΟσ pрρРΡ qԛգ rгᴦ sѕꜱ tтτТΤ uսυʋ vνѵ wԝѡ xхχХΧ yуγҮΥ zᴢΖ";
const lookalikes: ReadonlyMap<string, string> = new Map(
  groups.split(" ").flatMap((group) => {
    const [first = "", ...others] = Array.from(group);
    return others.map((other) => [other, first] as const);
  }),
);
