import type { PolicyDefinition } from "../../contract/policy.ts";

/** Policies written at one place of the configuration: parsed configs by policy name. */
export interface PolicyLayer {
  /** Where they stand, for messages: `binds[0].listeners[0].policies`. */
  readonly path: string;
  readonly policies: Readonly<Record<string, unknown>>;
}

/** The one config that a policy ends up with, and where it was written. */
export interface PolicySlot {
  readonly path: string;
  readonly config: unknown;
}

export type AnyPolicy = PolicyDefinition<unknown>;

/**
 * Merges layers into one slot a policy. A more specific layer replaces the slot whole; only policies that accumulate
 * (authorization) define a merge of their own.
 * @param layers from the least to the most specific
 */
export function mergeLayers(layers: readonly PolicyLayer[], registry: readonly AnyPolicy[]): Map<string, PolicySlot> {
  const slots = new Map<string, PolicySlot>();
  for (const { path, policies } of layers) {
    for (const definition of registry) {
      const config = policies[definition.name];
      if (config === undefined) continue;
      const less = slots.get(definition.name);
      const merged = less === undefined || definition.merge === undefined ? config : definition.merge(less.config, config);
      slots.set(definition.name, { path: `${path}.${definition.name}`, config: merged });
    }
  }
  return slots;
}

/** The layer without undefined members; undefined when nothing is left. */
export function layerOf(path: string, policies: object | undefined): PolicyLayer[] {
  if (policies === undefined) return [];
  const set = Object.entries(policies).filter(([, config]) => config !== undefined);
  return set.length === 0 ? [] : [{ path, policies: Object.fromEntries(set) }];
}
