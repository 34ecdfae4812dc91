import { hash } from "node:crypto";
import { isJsonObject, type JsonObject, parseJsonObject } from "../../base/json.ts";
import type { Definition, PinnedKind } from "./definition.ts";
import type { KeptMember } from "./diff.ts";
import type { Finding } from "./findings.ts";

/** Of a definition: `pending` when its tool is new, `changed` when the tool was known by another one. */
export type PinState = "approved" | "pending" | "changed" | "rejected";

/** One definition of one tool or prompt, and what was decided about it. */
export interface Pin {
  readonly kind: PinnedKind;
  readonly target: string;
  /** As the target calls it. */
  readonly name: string;
  readonly fingerprint: string;
  state: PinState;
  /** Wall-clock milliseconds of when it came into that state. */
  since: number;
  /** Who brought it there. */
  by: "firstSight" | "operator" | "server";
  findings: readonly Finding[];
  /** Whether it is among those that are kept: there is room for so many, and the oldest of those that nobody approved make it. */
  held: boolean;
}

export type PinSubject = Pick<Pin, "kind" | "target" | "name">;

/** A pin as it is kept: a row of the state store. */
export interface PinRow {
  readonly pin: Pin;
  readonly members: readonly KeptMember[];
}

/** Characters of a member that are kept, for showing what changed; of longer ones only that they did. */
const maxKept = 16_384;
/** Longer names are kept by their digest, in keys. */
const maxNameInKey = 256;

/** Key of the row of a pin. */
export function rowKey(
  backend: string,
  { kind, target, name, fingerprint }: Pick<Pin, "kind" | "target" | "name" | "fingerprint">,
): string {
  const short = name.length > maxNameInKey ? `${name.slice(0, 64)}#${hash("sha256", name, "hex")}` : name;
  return JSON.stringify([backend, target, kind, short, fingerprint]);
}

/** The backend that a row belongs to. */
export function backendOfKey(key: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) && typeof parts[0] === "string" ? parts[0] : undefined;
  } catch {
    return undefined;
  }
}

/** What is kept of a definition for comparisons. @param texts false when there is no more room for them */
export function keptMembers(definition: Definition, texts: boolean): KeptMember[] {
  return definition.members.map(({ name, value }) => ({
    name,
    digest: hash("sha256", value, "base64url"),
    value: texts && value.length <= maxKept ? value : undefined,
  }));
}

export function writeRow({ pin, members }: PinRow): Buffer {
  const { kind, target, name, fingerprint, state, since, by, findings } = pin;
  return Buffer.from(JSON.stringify({ kind, target, name, fingerprint, state, since, by, findings, members }));
}

/** undefined for what is none; a row of a later version, say. */
export function readRow(bytes: Buffer): PinRow | undefined {
  const row = parseJsonObject(bytes);
  if (row === undefined) return undefined;
  const { kind, target, name, fingerprint, state, since, by, findings, members } = row;
  if ((kind !== "tool" && kind !== "prompt") || typeof target !== "string" || typeof name !== "string") return undefined;
  if (typeof fingerprint !== "string" || !isState(state) || typeof since !== "number") return undefined;
  const pin: Pin = {
    kind,
    target,
    name,
    fingerprint,
    state,
    since,
    by: by === "operator" || by === "firstSight" ? by : "server",
    findings: objectsIn(findings).filter(isFinding),
    held: false,
  };
  return { pin, members: objectsIn(members).filter(isMember) };
}

function isState(value: unknown): value is PinState {
  return value === "approved" || value === "pending" || value === "changed" || value === "rejected";
}

function isMember(value: JsonObject): value is JsonObject & KeptMember {
  const { name, digest, value: text } = value;
  return typeof name === "string" && typeof digest === "string" && (text === undefined || (typeof text === "string" && isJson(text)));
}

function isFinding(value: JsonObject): value is JsonObject & Finding {
  return typeof value["kind"] === "string" && typeof value["detail"] === "string";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
