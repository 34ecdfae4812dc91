import type { Config } from "../schema/document.ts";
import { layerOf, type PolicyLayer } from "./slots.ts";

/** A place that policies of the top-level `policies` list may be for. */
export interface TargetedPlace {
  readonly phase: "route" | "gateway";
  readonly listener?: { readonly bind: string; readonly gateway: string; readonly listener: string };
  readonly route?: { readonly name: string; readonly ruleName: string | undefined };
  /** Name of an entry of `backends`, and of a target or provider in it. */
  readonly backend?: { readonly name: string; readonly section: string | undefined };
}

/** The layers of `policies` that are for a place, from the least to the most specific. */
export function targetedLayers(config: Config, place: TargetedPlace): PolicyLayer[] {
  const found: { rank: number; layer: PolicyLayer }[] = [];
  for (const [index, { target, phase, policy }] of config.policies.entries()) {
    if (phase !== place.phase) continue;
    const rank = rankOf(target, place);
    if (rank === undefined) continue;
    for (const layer of layerOf(`policies[${index}].policy`, policy)) found.push({ rank, layer });
  }
  return found.sort((one, other) => one.rank - other.rank).map(({ layer }) => layer);
}

type Target = Config["policies"][number]["target"];

/** How specific the target is for this place; undefined when it is for another. */
function rankOf(target: Target, { listener, route, backend }: TargetedPlace): number | undefined {
  switch (target.kind) {
    case "gateway": {
      if (listener === undefined) return undefined;
      const { gatewayName, gatewayNamespace, listenerName, port } = target.gateway;
      const names = [`${gatewayNamespace}/${gatewayName}`, gatewayName];
      if (!names.includes(listener.gateway)) return undefined;
      if (port !== undefined && listener.bind !== `bind/${port}`) return undefined;
      if (listenerName === undefined) return 0;
      return listenerName === listener.listener ? 1 : undefined;
    }
    case "route": {
      if (route === undefined || route.name !== `${target.route.namespace}/${target.route.name}`) return undefined;
      if (target.route.ruleName === undefined) return 2;
      return target.route.ruleName === route.ruleName ? 3 : undefined;
    }
    case "backend": {
      if (backend === undefined || target.backend.kind !== "backend") return undefined;
      const { name, section } = target.backend.backend;
      if (name !== backend.name) return undefined;
      if (section === undefined) return 4;
      return section === backend.section ? 5 : undefined;
    }
    default:
      return undefined;
  }
}
