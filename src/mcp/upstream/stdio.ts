import { createHash } from "node:crypto";
import type { McpContext, McpLimits, StdioTargetSettings } from "../settings.ts";
import { StdioConnection } from "./stdio-connection.ts";
import { StdioLauncher } from "./stdio-launcher.ts";
import { PooledConnection, StdioPool } from "./stdio-pool.ts";
import type { Target } from "./target.ts";

/** What a reload keeps of a target whose settings did not change. */
interface StdioResource {
  readonly launcher: StdioLauncher;
  readonly pool: StdioPool;
}

/** A server that is a child process: one for each session, and one more for all stateless callers together. */
export function stdioTarget(settings: StdioTargetSettings, context: McpContext, limits: McpLimits): Target {
  const fingerprint = `mcp stdio ${digest(settings)}`;
  const { launcher, pool } = context.resources.acquire<StdioResource>(
    fingerprint,
    () => {
      const created = new StdioLauncher(settings, context, limits);
      return { launcher: created, pool: new StdioPool(created) };
    },
    // all its processes, those of sessions included: the target is gone, or the gateway is stopping
    (resource) => resource.launcher.close(),
  );
  launcher.adopt(settings, limits);
  return {
    name: settings.name,
    fingerprint,
    shares: true,
    connect(scope, previous) {
      if (scope === "call") return new PooledConnection(pool);
      return previous instanceof StdioConnection ? previous : new StdioConnection(launcher);
    },
  };
}

/** The settings by their digest: the environment may hold secrets, and keys get into messages. */
function digest({ name, command, args, env, clearEnv }: StdioTargetSettings): string {
  return createHash("sha256")
    .update(JSON.stringify([name, command, args, env, clearEnv]))
    .digest("hex");
}
