import { GatewayError } from "../../contract/errors.ts";

/** Tasks that may wait; more are turned away. */
const maxWaiting = 64;

/**
 * Runs tasks one after the other. For work that keeps the processor busy: done side by side nothing would be ready sooner,
 * and a flood of it would starve everybody else.
 */
export class OneByOne {
  private waiting = 0;
  private last: Promise<unknown> = Promise.resolve();

  /** @throws GatewayError `overloaded` when too many tasks wait already */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.waiting >= maxWaiting) return Promise.reject(new GatewayError("overloaded"));
    this.waiting += 1;
    const done = this.last.then(letOthersRun).then(task);
    this.last = done.then(
      () => (this.waiting -= 1),
      () => (this.waiting -= 1),
    );
    return done;
  }
}

/** A turn of the event loop, in which requests that need no password check get on. */
function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
