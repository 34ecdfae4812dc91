import type { ListenerNames } from "../../contract/exchange.ts";
import type { Config } from "../schema/document.ts";
import { layerOf, type PolicyLayer } from "./slots.ts";

/** A place that policies of the top-level `policies` list may be for. */
export type TargetedPlace =
  | { readonly kind: "listener"; readonly names: ListenerNames }
  | { readonly kind: "route"; readonly name: string; readonly ruleName: string | undefined }
  /** An entry of `backends`; `section` is an MCP target or a provider in it. */
  | { readonly kind: "backend"; readonly name: string; readonly section: string | undefined };

export type TargetedPolicy = Config["policies"][number];

/** The layers of `policies` that are for a place, from the least to the most specific. */
export function targetedLayers(config: Config, phase: TargetedPolicy["phase"], place: TargetedPlace): PolicyLayer[] {
  const found: { rank: number; layer: PolicyLayer }[] = [];
  for (const [index, { target, phase: own, policy }] of config.policies.entries()) {
    if (own !== phase) continue;
    const rank = rankOf(target, place);
    if (rank === undefined) continue;
    for (const layer of layerOf(`policies[${index}].policy`, policy)) found.push({ rank, layer });
  }
  return found.sort((one, other) => one.rank - other.rank).map(({ layer }) => layer);
}

/** How specific a target is for a place; undefined when it is for another. */
export function rankOf(target: TargetedPolicy["target"], place: TargetedPlace): number | undefined {
  switch (target.kind) {
    case "gateway": {
      if (place.kind !== "listener") return undefined;
      const { gatewayName, gatewayNamespace, listenerName, port } = target.gateway;
      const { bind, gateway, listener } = place.names;
      if (`${gatewayNamespace}/${gatewayName}` !== gateway) return undefined;
      if (port !== undefined && bind !== `bind/${port}`) return undefined;
      if (listenerName === undefined) return 0;
      return listener === listenerName || listener.startsWith(`${listenerName}/`) ? 1 : undefined;
    }
    case "route": {
      if (place.kind !== "route") return undefined;
      const { name, namespace, ruleName, kind } = target.route;
      if (kind !== undefined && kind !== "HTTPRoute") return undefined;
      if (place.name !== `${namespace}/${name}`) return undefined;
      if (ruleName === undefined) return 0;
      return ruleName === place.ruleName ? 1 : undefined;
    }
    case "backend": {
      if (place.kind !== "backend" || target.backend.kind !== "backend") return undefined;
      const { name, namespace, section } = target.backend.backend;
      if (name !== place.name || !backendNamespaces.has(namespace)) return undefined;
      if (section === undefined) return 0;
      return section === place.section ? 1 : undefined;
    }
    default:
      return undefined;
  }
}

/** Backends of a file have no namespace; the reference takes "" for that. */
const backendNamespaces: ReadonlySet<string> = new Set(["", "default"]);
