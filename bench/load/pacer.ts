import { parentPort, workerData } from "node:worker_threads";

/**
 * Wakes the open loop when a request falls due. A thread of its own that sleeps in the kernel: timers of the event loop
 * are good to a millisecond only, which is more than most of what is measured.
 */
export interface PacerSettings {
  /** Milliseconds of the monotonic clock. */
  readonly startAt: number;
  readonly intervalMs: number;
  readonly total: number;
}

const { startAt, intervalMs, total } = workerData as PacerSettings;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

for (let i = 0; i < total; i += 1) {
  const left = startAt + i * intervalMs - Number(process.hrtime.bigint()) / 1e6;
  if (left > 0) Atomics.wait(nobodyWakes, 0, 0, left);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the parent thread, not a window
  parentPort?.postMessage(0);
}
