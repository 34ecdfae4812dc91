import type { AdminSettings } from "../admin/servers.ts";
import type { ListenAddress } from "../contract/config/address.ts";
import type { Config } from "../config/schema/document.ts";
import { version } from "./version.ts";

/** Where the gateway's own endpoints listen; the environment wins over the file. */
export function adminSettings(config: Config, environment: Readonly<Record<string, string | undefined>>): AdminSettings {
  const section = config.config;
  return {
    version: version(),
    admin: environment["ADMIN_ADDR"] ?? written(section?.adminAddr),
    stats: environment["STATS_ADDR"] ?? written(section?.statsAddr),
    readiness: environment["READINESS_ADDR"] ?? written(section?.readinessAddr),
  };
}

function written(address: ListenAddress | undefined): string | undefined {
  if (address === undefined || address.kind === "off") return address?.kind;
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
