import type { Log } from "../contract/runtime.ts";
import type { PinRegistry } from "../mcp/integrity/registry.ts";
import { type ListenAddress, parseAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import { configDump } from "./endpoints/config-dump.ts";
import { cpuProfile } from "./endpoints/cpu-profile.ts";
import { indexPage } from "./endpoints/index-page.ts";
import { type ChangeableLevels, logging } from "./endpoints/logging.ts";
import { type LoginBook, logins } from "./endpoints/logins.ts";
import { memory } from "./endpoints/memory.ts";
import { metrics } from "./endpoints/metrics.ts";
import { quit } from "./endpoints/quit.ts";
import { readiness } from "./endpoints/readiness.ts";
import { tasks } from "./endpoints/tasks.ts";
import { tools as toolEndpoints } from "./endpoints/tools.ts";
import { createAdminServer } from "./http-server.ts";
import { listen, type Listening } from "./listen.ts";

/** Addresses: `ip:port`, `localhost:port`, `[ipv6]:port`, `unix:/path`, `off`. Two that are equal share one server. */
export interface AdminSettings {
  readonly version: string;
  /** Default `localhost:15000`. There is no authentication: who reaches it may use it. */
  readonly admin?: string | undefined;
  /** Default `[::]:15020`. */
  readonly stats?: string | undefined;
  /** Default `[::]:15021`. */
  readonly readiness?: string | undefined;
}

export interface AdminTools {
  readonly log: Log;
  readonly levels: ChangeableLevels;
  /** The Prometheus exposition. */
  readonly renderMetrics: () => Promise<string>;
  /** The configuration in effect, as plain data. */
  readonly effectiveConfig: () => unknown;
  /** Definitions of MCP tools that are pinned. */
  readonly toolPins: PinRegistry;
  /** Callers' logins at servers behind the gateway. */
  readonly logins: LoginBook;
  /** Begins an orderly end of the process. */
  readonly stop: () => void;
}

/** The open admin, stats and readiness servers. */
export interface AdminServers {
  /** As they can be asked: `127.0.0.1:15000`; a server that is off has no member. */
  readonly addresses: Readonly<Partial<Record<Role, string>>>;
  /** Readiness answers 500 from here on, until `ready` is called with the same text. */
  notReady(pending: string): void;
  ready(pending: string): void;
  close(): Promise<void>;
}

type Role = "admin" | "stats" | "readiness";

const roles: readonly { readonly role: Role; readonly fallback: string; readonly setting: string; readonly variable: string }[] = [
  { role: "admin", fallback: "localhost:15000", setting: "config.adminAddr", variable: "ADMIN_ADDR" },
  { role: "stats", fallback: "[::]:15020", setting: "config.statsAddr", variable: "STATS_ADDR" },
  { role: "readiness", fallback: "[::]:15021", setting: "config.readinessAddr", variable: "READINESS_ADDR" },
];

/**
 * Opens the addresses. What one role serves and where is independent of the others, unless they share an address.
 * @throws Error naming the setting, when an address cannot be read or opened; nothing stays open then
 */
export async function startAdmin(settings: AdminSettings, tools: AdminTools): Promise<AdminServers> {
  const pending = new Set<string>();
  const endpoints = endpointsByRole(settings, tools, pending);
  const open: Listening[] = [];
  const addresses: Partial<Record<Role, string>> = {};
  try {
    for (const [text, group] of byAddress(settings)) {
      const address = readAddress(text, group[0] as Role);
      if (address.kind === "off") continue;
      const server = await openFor(address, { text, group, endpoints, log: tools.log });
      open.push(server);
      for (const role of group) addresses[role] = server.address;
    }
  } catch (error) {
    await Promise.all(open.map((server) => server.close()));
    throw error;
  }
  return {
    addresses,
    notReady: (what) => void pending.add(what),
    ready: (what) => void pending.delete(what),
    close: async () => void (await Promise.all(open.map((server) => server.close()))),
  };
}

function endpointsByRole(settings: AdminSettings, tools: AdminTools, pending: ReadonlySet<string>): Record<Role, Endpoint[]> {
  const admin = [
    configDump(tools.effectiveConfig),
    logging(tools.levels),
    ...toolEndpoints(tools.toolPins),
    ...logins(tools.logins),
    memory,
    tasks,
    cpuProfile(),
    quit(tools.stop),
  ];
  return {
    admin: [indexPage(settings.version, admin), ...admin],
    stats: metrics(tools.renderMetrics),
    readiness: [readiness(() => [...pending])],
  };
}

/** Roles by the address that they are to be served at. */
function byAddress(settings: AdminSettings): Map<string, Role[]> {
  const groups = new Map<string, Role[]>();
  for (const { role, fallback } of roles) {
    const text = settings[role] ?? fallback;
    groups.set(text, [...(groups.get(text) ?? []), role]);
  }
  return groups;
}

interface Group {
  readonly text: string;
  readonly group: readonly Role[];
  readonly endpoints: Readonly<Record<Role, Endpoint[]>>;
  readonly log: Log;
}

async function openFor(address: Exclude<ListenAddress, { kind: "off" }>, { text, group, endpoints, log }: Group): Promise<Listening> {
  const guarded = group.includes("admin") && address.kind === "tcp";
  if (guarded && !address.loopback) {
    log.warn("the admin address can be reached from other machines and has no authentication", { address: text });
  }
  const create = () =>
    createAdminServer({
      endpoints: group.flatMap((role) => endpoints[role]),
      guard: guarded ? { loopback: address.loopback } : undefined,
      log,
    });
  try {
    return await listen(address, create);
  } catch (error) {
    const { setting, variable } = naming(group[0] as Role);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot open ${setting} ${text}: ${reason}; set ${setting} or ${variable} to another address, or to off`, {
      cause: error,
    });
  }
}

function readAddress(text: string, role: Role): ListenAddress {
  try {
    return parseAddress(text);
  } catch (error) {
    throw new Error(`${naming(role).setting}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function naming(role: Role): { setting: string; variable: string } {
  return roles.find((one) => one.role === role) as { setting: string; variable: string };
}
