import { createHash } from "node:crypto";
import type { McpContext, McpLimits, StdioTargetSettings } from "../settings.ts";
import { StdioConnection } from "./stdio-connection.ts";
import { sessionGreeting, statelessGreeting } from "./stdio-greetings.ts";
import { StdioLauncher } from "./stdio-launcher.ts";
import { PooledConnection, StdioPool } from "./stdio-pool.ts";
import { StdioStatelessLine } from "./stdio-stateless.ts";
import type { Target } from "./target.ts";

/** What a reload keeps of a target whose settings did not change. */
interface StdioResource {
  readonly launcher: StdioLauncher;
  /** For callers of revisions with sessions, and of those without. */
  readonly pool: StdioPool;
  readonly line: StdioStatelessLine;
}

/** A server that is a child process: one for each session, and one more for all callers without a session together. */
export function stdioTarget(settings: StdioTargetSettings, context: McpContext, limits: McpLimits): Target {
  const fingerprint = `mcp stdio ${digest(settings)}`;
  const { launcher, pool, line } = context.resources.acquire<StdioResource>(
    fingerprint,
    () => {
      const created = new StdioLauncher(settings, context, limits);
      const line = new StdioStatelessLine(new StdioPool(created, statelessGreeting));
      return { launcher: created, pool: new StdioPool(created, sessionGreeting), line };
    },
    // all its processes, those of sessions included: the target is gone, or the gateway is stopping
    (resource) => resource.launcher.close(),
  );
  launcher.adopt(settings, limits);
  return {
    name: settings.name,
    fingerprint,
    shares: true,
    stateless: line,
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
