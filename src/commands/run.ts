import { type AdminServers, startAdmin } from "../admin/servers.ts";
import { describeProcess } from "../cel/environment.ts";
import { adminSettings } from "./admin-settings.ts";
import type { ConfigSource } from "../config/source.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { banner } from "./banner.ts";
import type { ProcessIo } from "./io.ts";
import { createProcessParts, type OwnedParts } from "./process-parts.ts";
import { reportConfigError } from "./report.ts";

/**
 * Runs the gateway until it is told to stop. @returns the exit code: 0 after an orderly end, 1 when it could not start
 */
export async function run(source: ConfigSource, io: ProcessIo): Promise<number> {
  const { POD_NAME: podName, NAMESPACE: namespace, GATEWAY: gatewayName } = io.environment;
  describeProcess({ ...(podName && { podName }), ...(namespace && { namespace }), ...(gatewayName && { gateway: gatewayName }) });
  let parts: OwnedParts;
  try {
    parts = createProcessParts(source, io);
  } catch (thrown) {
    return reportConfigError(thrown, io);
  }
  let gateway: Gateway;
  try {
    gateway = await startGateway({ source, parts, watch: true });
  } catch (thrown) {
    await parts.close();
    return reportConfigError(thrown, io);
  }
  for (const warning of gateway.loaded.warnings) parts.log.warn(warning);
  // a fault of ours in one exchange; the others have done nothing to be cut off for
  io.onUnhandledRejection((reason) => parts.log.error("a promise failed and nobody waited for it", { error: faultText(reason) }));

  const stopping = stopSignal(gateway, io);
  let admin: AdminServers;
  try {
    admin = await startAdmin(adminSettings(gateway.loaded.config, io.environment), {
      log: parts.log,
      levels: parts.telemetry.levels,
      renderMetrics: () => parts.telemetry.render(),
      logins: parts.logins,
      effectiveConfig: () => gateway.loaded.tree,
      toolPins: parts.toolPins,
      stop: stopping.stop,
    });
  } catch (thrown) {
    await gateway.close(0);
    await parts.close();
    return reportConfigError(thrown, io);
  }
  io.out(banner(gateway.loaded.config, gateway.ports, admin.addresses.stats));
  await stopping.stopped;

  const { config } = gateway.loaded.config;
  admin.notReady("shutting down"); // readiness first: load balancers stop sending while we still serve
  await Promise.race([pause(config?.connectionMinTerminationDeadline ?? 0), stopping.hurried]);
  await gateway.close();
  await admin.close();
  await parts.close();
  return 0;
}

function faultText(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}

interface Stopping {
  readonly stopped: Promise<void>;
  readonly stop: () => void;
  /** Somebody does not want to wait for what is still in flight. */
  readonly hurried: Promise<void>;
}

/**
 * Milliseconds in which a signal counts once: Ctrl-C reaches every process of a terminal's group, and those that started
 * us (npm, bin/turnpike.js) pass it on to us once more.
 */
const sameSignalMs = 500;

/** When to stop: a signal, or the admin port says so. A second signal ends what is still in flight. */
function stopSignal(gateway: Gateway, io: ProcessIo): Stopping {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const { promise: hurried, resolve: hurry } = Promise.withResolvers<void>();
  let stoppingSince = Number.POSITIVE_INFINITY;
  void stopped.then(() => (stoppingSince = performance.now()));
  io.onSignal((signal) => {
    if (signal === "reload") void gateway.reload();
    else if (stoppingSince === Number.POSITIVE_INFINITY) stop();
    else if (performance.now() - stoppingSince > sameSignalMs) {
      hurry();
      void gateway.close(0);
    }
  });
  return { stopped, stop, hurried };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
