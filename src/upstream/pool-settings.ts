import type { Clock } from "../base/clock.ts";
import type { GatewayMetrics } from "../contract/metrics.ts";

export interface PoolSettings {
  /** Milliseconds to a TCP (and TLS) connection. */
  readonly connectTimeoutMs: number;
  /** Milliseconds an idle connection is kept; a shorter `Keep-Alive: timeout` of the backend wins. */
  readonly idleTimeoutMs: number;
  /** Connections per backend; undefined = no limit. */
  readonly maxConnections: number | undefined;
  /** TCP keepalive: milliseconds before the first probe; undefined = none. */
  readonly keepAliveDelayMs: number | undefined;
}

export interface PoolDeps {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
}
