import { stringEnd } from "./json-members.ts";

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;

/**
 * A key that one object of a JSON text has twice. Readers disagree about its value: JSON.parse takes the last, other
 * parsers the first, and some (Go's encoding/json) ignore case, so two of them could act on different things.
 *
 * One pass over bytes that JSON.parse has accepted.
 * @param foldedDepth objects at this depth and above (1 = the outermost) are compared without regard to case: their keys
 *   are a protocol's, while those below may be anybody's
 * @returns the key; undefined when there is none
 */
export function repeatedKey(json: Buffer, foldedDepth: number): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      const end = stringEnd(json, at);
      // in a valid text only a key is followed by a colon
      if (followedByColon(json, end)) {
        const key = keyOf(json.toString("utf8", at, end));
        const known = open.length <= foldedDepth ? key.toLowerCase() : key;
        const keys = open.at(-1);
        if (keys?.has(known) === true) return key;
        keys?.add(known);
      }
      at = end - 1;
    } else if (byte === OPEN_BRACE) open.push(new Set());
    else if (byte === OPEN_BRACKET) open.push(undefined);
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) open.pop();
  }
  return undefined;
}

function followedByColon(json: Buffer, start: number): boolean {
  let at = start;
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at += 1;
  return json[at] === COLON;
}

function keyOf(quoted: string): string {
  return quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}
