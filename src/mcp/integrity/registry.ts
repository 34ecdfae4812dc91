import type { Clock } from "../../base/clock.ts";
import type { GatewayMetrics } from "../../contract/metrics.ts";
import type { Resources } from "../../contract/resources.ts";
import type { Log } from "../../contract/runtime.ts";
import type { StateStore } from "../../contract/stores.ts";
import { Pins } from "./pins.ts";

export interface PinRegistrySettings {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: GatewayMetrics;
}

/** The pinned definitions of all backends of the process that are in use, for those who serve them and for the operator. */
export class PinRegistry {
  readonly metrics: GatewayMetrics;
  private readonly settings: PinRegistrySettings;
  private readonly open = new Map<string, Pins>();

  constructor(settings: PinRegistrySettings) {
    this.settings = settings;
    this.metrics = settings.metrics;
    settings.metrics.countPendingTools(() => this.pending());
  }

  /** The pins of a backend, for as long as a runtime serves it. */
  acquire(backend: string, resources: Resources): Pins {
    return resources.acquire(
      `tool pins ${backend}`,
      () => {
        const pins = new Pins({ backend, ...this.settings });
        this.open.set(backend, pins);
        return pins;
      },
      (pins) => {
        this.open.delete(backend);
        return pins.flushed();
      },
    );
  }

  /** Whose definitions are pinned now. */
  get backends(): readonly Pins[] {
    return [...this.open.values()];
  }

  /** How many definitions wait for a decision, by backend and target; targets without any count 0. */
  private pending(): { backend: string; target: string; count: number }[] {
    return this.backends.flatMap((pins) => {
      const counts = new Map<string, number>();
      for (const { target, state } of pins.all()) {
        const waits = state === "pending" || state === "changed";
        counts.set(target, (counts.get(target) ?? 0) + (waits ? 1 : 0));
      }
      return Array.from(counts, ([target, count]) => ({ backend: pins.backend, target, count }));
    });
  }
}
