import { type AdminServers, startAdmin } from "../admin/servers.ts";
import type { ConfigSource } from "../config/source.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { banner } from "./banner.ts";
import type { ProcessIo } from "./io.ts";
import { createProcessParts } from "./process-parts.ts";
import { reportConfigError } from "./report.ts";

/**
 * Runs the gateway until it is told to stop. @returns the exit code: 0 after an orderly end, 1 when it could not start
 */
export async function run(source: ConfigSource, io: ProcessIo): Promise<number> {
  let gateway: Gateway;
  const parts = await createProcessParts(source, io).catch((thrown: unknown) => reportConfigError(thrown, io));
  if (typeof parts === "number") return parts;
  try {
    gateway = await startGateway({ source, parts, watch: true });
  } catch (thrown) {
    await parts.close();
    return reportConfigError(thrown, io);
  }
  for (const warning of gateway.loaded.warnings) parts.log.warn(warning);

  let admin: AdminServers | undefined;
  try {
    admin = await startAdmin(parts.adminSettings(gateway.loaded.config), { gateway, parts });
  } catch (thrown) {
    await gateway.close(0);
    await parts.close();
    return reportConfigError(thrown, io);
  }
  io.out(banner(gateway.loaded.config, gateway.ports));
  await untilStopped(gateway, io);

  const { config } = gateway.loaded.config;
  admin.notReady("shutting down"); // readiness first: load balancers stop sending while we still serve
  await pause(config?.connectionMinTerminationDeadline ?? 0);
  await gateway.close();
  await admin.close();
  await parts.close();
  return 0;
}

function untilStopped(gateway: Gateway, io: ProcessIo): Promise<void> {
  return new Promise((resolve) => {
    io.onSignal((signal) => {
      if (signal === "reload") void gateway.reload();
      else resolve();
    });
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
