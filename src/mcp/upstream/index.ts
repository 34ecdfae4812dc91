import type { McpContext, McpLimits, McpTargetSettings } from "../settings.ts";
import { openApiTarget } from "./openapi/target.ts";
import { sseTarget } from "./sse.ts";
import { stdioTarget } from "./stdio.ts";
import { httpTarget } from "./streamable-http.ts";
import type { Target } from "./target.ts";

type Create<Settings> = (settings: Settings, context: McpContext, limits: McpLimits) => Target;

/** How each kind of target is reached. */
const transports: { readonly [Kind in McpTargetSettings["kind"]]: Create<Extract<McpTargetSettings, { kind: Kind }>> } = {
  http: httpTarget,
  openapi: openApiTarget,
  sse: sseTarget,
  stdio: stdioTarget,
};

export function createTarget(settings: McpTargetSettings, context: McpContext, limits: McpLimits): Target {
  const create = transports[settings.kind] as Create<McpTargetSettings>;
  return create(settings, context, limits);
}
