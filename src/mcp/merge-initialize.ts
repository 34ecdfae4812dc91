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
}

/** `result` of an initialize response. */
export interface InitializeResult {
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly serverInfo: { readonly name: string; readonly version: string };
  readonly instructions?: string;
}

/**
 * One initialize result for several servers. The version is the lowest anybody speaks (dates compare as text); lists and
 * their changes are always offered, since a target that joins late may bring any of them.
 */
export function mergeInitialize(hellos: readonly TargetHello[], settings: MergeSettings): InitializeResult {
  const versions = [settings.protocolVersion, ...hellos.map(({ hello }) => hello.protocolVersion)];
  const capabilities: Record<string, unknown> = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, ...(settings.subscribable ? { subscribe: true } : {}) },
  };
  for (const name of ["logging", "completions"]) {
    if (hellos.some(({ hello }) => hello.capabilities[name] !== undefined)) capabilities[name] = {};
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
