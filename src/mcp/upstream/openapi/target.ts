import type { McpContext, McpLimits, OpenApiTargetSettings } from "../../settings.ts";
import type { Target } from "../target.ts";
import { RestConnection } from "./connection.ts";

/** A REST service whose operations are tools. It knows no sessions, so connections hold no more than what is under way. */
export function openApiTarget(settings: OpenApiTargetSettings, _context: McpContext, limits: McpLimits): Target {
  const { name, scheme, authority, prefix = "", source } = settings;
  return {
    name,
    fingerprint: `${source.key} ${scheme}://${authority}${prefix}`,
    portable: true,
    shares: true,
    connect: (_scope, previous) => new RestConnection(settings, limits, previous instanceof RestConnection ? previous : undefined),
  };
}
