import type { PolicyDefinition } from "../../contract/policy.ts";

/** Policies written at one place of the configuration: parsed configs by policy name. */
export interface PolicyLayer {
  /** Where they stand, for messages: `binds[0].listeners[0].policies`. */
  readonly path: string;
  readonly policies: Readonly<Record<string, unknown>>;
}

/** The one config that a slot ends up with, which policy's it is, and where it was written. */
export interface PolicySlot {
  readonly name: string;
  readonly path: string;
  readonly config: unknown;
}

export type AnyPolicy = PolicyDefinition<unknown>;

/**
 * Merges layers into one config a slot. A more specific layer replaces the slot whole; only policies that accumulate
 * (authorization) define a merge of their own.
 * @param layers from the least to the most specific
 */
export function mergeLayers(layers: readonly PolicyLayer[], registry: readonly AnyPolicy[]): Map<string, PolicySlot> {
  const slots = new Map<string, PolicySlot>();
  // a policy may stand in the registry once for each of its halves
  const definitions = [...new Map(registry.map((definition) => [definition.name, definition])).values()];
  for (const { path, policies } of layers) {
    for (const { name, slot = name, merge } of definitions) {
      const config = policies[name];
      if (config === undefined) continue;
      const less = slots.get(slot);
      const merged = less?.name === name && merge !== undefined ? merge(less.config, config) : config;
      slots.set(slot, { name, path: `${path}.${name}`, config: merged });
    }
  }
  return slots;
}

/** The config in effect for a policy; undefined when there is none, or another policy has its slot. */
export function slotOf(slots: ReadonlyMap<string, PolicySlot>, { name, slot = name }: AnyPolicy): PolicySlot | undefined {
  const found = slots.get(slot);
  return found?.name === name ? found : undefined;
}

/** The layer without undefined members; none when nothing is left. */
export function layerOf(path: string, policies: object | undefined): PolicyLayer[] {
  if (policies === undefined) return [];
  const set = Object.entries(policies).filter(([, config]) => config !== undefined);
  return set.length === 0 ? [] : [{ path, policies: Object.fromEntries(set) }];
}
