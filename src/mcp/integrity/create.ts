import type { Names } from "../names.ts";
import type { McpBackendSettings, McpContext } from "../settings.ts";
import { Integrity, type IntegritySettings } from "./integrity.ts";
import { IntegrityReports } from "./reports.ts";

/** The watch over a backend's tool definitions; undefined where its configuration asks for none. Runs at load. */
export function createIntegrity(
  settings: McpBackendSettings,
  { pins: registry, resources, clock, log }: McpContext,
  names: Names,
  look: IntegritySettings["look"],
): Integrity | undefined {
  const { name, prefixMode, toolIntegrity } = settings;
  if (toolIntegrity === undefined) return undefined;
  if (registry === undefined) throw new Error(`${name}: there is nothing to keep pinned tools in`);
  const pins = registry.acquire(name, resources);
  const reports = new IntegrityReports(pins, { log, clock, metrics: registry.metrics });
  const targets = new Set(settings.targets.map((target) => target.name));
  return new Integrity({
    ...toolIntegrity,
    pins,
    reports,
    clock,
    log,
    targets,
    prefixed: prefixMode !== "never",
    publish: (item) => names.publish(item),
    look,
  });
}
