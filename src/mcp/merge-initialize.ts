import { isJsonObject, type JsonObject } from "../base/json.ts";
import type { ServerHello } from "./session.ts";

/** What each target said in its initialize result. */
export interface TargetHello {
  readonly target: string;
  readonly hello: ServerHello;
}

export interface MergeSettings {
  /** The client's protocol version. */
  readonly protocolVersion: string;
  /** The gateway's own. */
  readonly version: string;
  /** Updates of subscribed resources can reach the client. */
  readonly subscribable: boolean;
  /** A target is missing that may join later, whatever it offers. */
  readonly incomplete: boolean;
}

/** `result` of an initialize response. */
export interface InitializeResult {
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly serverInfo: { readonly name: string; readonly version: string };
  readonly instructions?: string;
}

/**
 * One initialize result for several servers. The version is the lowest anybody speaks (dates compare as text), and
 * offered is what one of them offers; while a target is missing also every kind of list, with its changes: what was not
 * offered in the beginning a client never asks for.
 */
export function mergeInitialize(hellos: readonly TargetHello[], settings: MergeSettings): InitializeResult {
  const versions = [settings.protocolVersion, ...hellos.map(({ hello }) => hello.protocolVersion)];
  const capabilities: Record<string, unknown> = {};
  for (const capability of capabilitiesOfMany) {
    const merged = mergeCapability(hellos, capability, settings);
    if (merged !== undefined) capabilities[capability.name] = merged;
  }
  const extensions = mergeExtensions(hellos);
  if (extensions !== undefined) capabilities["extensions"] = extensions;
  const instructions = mergeInstructions(hellos);
  return {
    protocolVersion: versions.reduce((lowest, version) => (version < lowest ? version : lowest)),
    capabilities,
    serverInfo: { name: "turnpike", version: settings.version },
    ...(instructions === undefined ? {} : { instructions }),
  };
}

interface Capability {
  readonly name: string;
  readonly flags: readonly string[];
  /** A target that joins late may bring it. */
  readonly late: boolean;
}

/** Those that work among several servers. */
const capabilitiesOfMany: readonly Capability[] = [
  { name: "tools", flags: ["listChanged"], late: true },
  { name: "prompts", flags: ["listChanged"], late: true },
  { name: "resources", flags: ["listChanged", "subscribe"], late: true },
  { name: "logging", flags: [], late: false },
  { name: "completions", flags: [], late: false },
];

/** undefined when nobody has it. */
function mergeCapability(hellos: readonly TargetHello[], capability: Capability, settings: MergeSettings): JsonObject | undefined {
  const theirs = hellos.flatMap(({ hello }) => hello.capabilities[capability.name] ?? []);
  const awaited = capability.late && settings.incomplete;
  if (theirs.length === 0 && !awaited) return undefined;
  const flags = capability.flags.filter((flag) => awaited || theirs.some((one) => isJsonObject(one) && one[flag] === true));
  return Object.fromEntries(flags.filter((flag) => flag !== "subscribe" || settings.subscribable).map((flag) => [flag, true]));
}

/** The union; an extension's settings stay only where all who have it agree. */
function mergeExtensions(hellos: readonly TargetHello[]): JsonObject | undefined {
  const merged = new Map<string, unknown>();
  for (const { hello } of hellos) {
    const { extensions } = hello.capabilities;
    if (!isJsonObject(extensions)) continue;
    for (const [id, settings] of Object.entries(extensions)) {
      const agreed = !merged.has(id) || JSON.stringify(merged.get(id)) === JSON.stringify(settings);
      merged.set(id, agreed ? settings : {});
    }
  }
  return merged.size === 0 ? undefined : Object.fromEntries(merged);
}

function mergeInstructions(hellos: readonly TargetHello[]): string | undefined {
  const parts = hellos.flatMap(({ target, hello }) => (hello.instructions === undefined ? [] : [`[${target}]\n${hello.instructions}`]));
  if (parts.length === 0) return undefined;
  return [
    "This server combines several MCP servers; the part of a name before the first separator tells which one it belongs to.",
    ...parts,
  ].join("\n\n");
}
