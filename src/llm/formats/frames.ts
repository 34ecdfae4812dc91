import { parseJsonObject } from "../../base/json.ts";
import type { SseEvent } from "../../base/sse.ts";

/**
 * Cheap looks at a frame's bytes that decide whether it is worth parsing. They may say yes in vain (the frame is then
 * parsed for nothing) but not no: inside a JSON string a key's closing quote would be escaped.
 */

const COLON = 0x3a;
const OPEN_BRACE = 0x7b;

/** Bytes to look for: a JSON key with its quotes. */
export function keyBytes(name: string): Buffer {
  return Buffer.from(JSON.stringify(name));
}

/** Whether somewhere a key's value is an object. `"usage": null`, which some send with every frame, is none. */
export function holdsObject(bytes: Buffer, key: Buffer): boolean {
  for (let at = bytes.indexOf(key); at !== -1; at = bytes.indexOf(key, at + key.length)) {
    let after = skipSpace(bytes, at + key.length);
    if (bytes[after] !== COLON) continue;
    after = skipSpace(bytes, after + 1);
    if (bytes[after] === OPEN_BRACE) return true;
  }
  return false;
}

/** The event's type: its name, or where a server leaves names out, what its data says. */
export function eventType(event: SseEvent): string {
  if (event.event !== "message") return event.event;
  const type = parseJsonObject(event.dataBytes)?.["type"];
  return typeof type === "string" ? type : "";
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at]) at += 1;
  return at;
}
