import type { Clock } from "../base/clock.ts";
import type { GatewayMetrics } from "../contract/metrics.ts";
import type { TcpKeepAlive } from "../contract/runtime.ts";

export interface PoolSettings {
  /** Milliseconds to a TCP (and TLS) connection. */
  readonly connectTimeoutMs: number;
  /** Milliseconds an idle connection is kept; a shorter `Keep-Alive: timeout` of the backend wins. */
  readonly idleTimeoutMs: number;
  /** Idle connections kept per backend; undefined = no limit. */
  readonly maxIdle: number | undefined;
  /** Undefined = no probes. */
  readonly keepAlive: TcpKeepAlive | undefined;
}

export interface PoolDeps {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
}
