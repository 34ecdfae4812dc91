import type { RoutePolicy } from "../../contract/policy.ts";
import type { PlacedPolicy } from "../../contract/runtime.ts";
import type { Build } from "./build.ts";
import { type AnyPolicy, type PolicySlot, slotOf } from "./slots.ts";

export interface PolicyStage {
  readonly stage: PlacedPolicy["stage"];
  /** In the order in which they run. */
  readonly registry: readonly AnyPolicy[];
}

export interface CompiledPolicies {
  readonly compiled: readonly RoutePolicy[];
  readonly placed: readonly PlacedPolicy[];
}

/** Compiles the policies of one stage that have a config, in the order of the registry. */
export function compilePolicies(build: Build, slots: ReadonlyMap<string, PolicySlot>, { stage, registry }: PolicyStage): CompiledPolicies {
  const compiled: RoutePolicy[] = [];
  const placed: PlacedPolicy[] = [];
  for (const definition of registry) {
    const slot = slotOf(slots, definition);
    const { compile } = definition;
    if (slot === undefined || compile === undefined) continue;
    const policy = build.attempt(slot.path, () => compile(slot.config, build.at(slot.path)));
    if (policy === undefined) continue;
    compiled.push(policy);
    placed.push({ stage, ...slot });
  }
  return { compiled, placed };
}
