import { setTimeout as pause } from "node:timers/promises";
import { freePort, type GatewayProcess, type ProcessOptions, startGatewayProcess, untilReady } from "../gateway-process.ts";

/** A gateway in a process of its own that has become ready. */
export interface Serving {
  readonly gateway: GatewayProcess;
  /** `http://127.0.0.1:<port>` of the one bind. */
  readonly url: string;
  readonly port: number;
  /** Status of the readiness port; 0 when it does not answer. */
  readonly readiness: () => Promise<number>;
  /** The text of /metrics. */
  readonly metrics: () => Promise<string>;
}

/**
 * Starts a gateway and waits until it is ready.
 * @param config the text for a free port; the gateway's own addresses are set by the environment
 */
export async function startServing(config: (port: number) => string, options: ProcessOptions = {}): Promise<Serving> {
  const [port, stats, readiness] = await Promise.all([freePort(), freePort(), freePort()]);
  const ownAddresses = { ADMIN_ADDR: "off", STATS_ADDR: `localhost:${stats}`, READINESS_ADDR: `localhost:${readiness}` };
  const gateway = startGatewayProcess(config(port), { ...options, environment: { ...ownAddresses, ...options.environment } });
  const ready = `http://127.0.0.1:${readiness}/healthz/ready`;
  try {
    await untilReady(ready, gateway);
  } catch (cause) {
    await gateway.stop();
    throw cause;
  }
  return {
    gateway,
    url: `http://127.0.0.1:${port}`,
    port,
    readiness: () =>
      fetch(ready).then(
        ({ status }) => status,
        () => 0,
      ),
    metrics: async () => (await fetch(`http://127.0.0.1:${stats}/metrics`)).text(),
  };
}

/**
 * Asks again and again until the answer is the wanted one.
 * @param what says in the error what was waited for
 */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(20);
  }
}
