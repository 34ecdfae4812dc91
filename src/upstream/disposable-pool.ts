import type { Pool } from "undici";

/**
 * A pool that is replaced once its last connection is gone. undici keeps an object of some kilobytes for every connection
 * that there ever was at a time: after an hour with thousands of event streams they would stay for good.
 */
export class DisposablePool {
  private readonly make: () => Pool;
  private pool: Pool | undefined;

  constructor(make: () => Pool) {
    this.make = make;
  }

  get current(): Pool {
    return (this.pool ??= this.open());
  }

  /** Ends idle connections now, the others when their request is over. */
  close(): void {
    close(this.pool);
  }

  private open(): Pool {
    const pool = this.make();
    let connected = 0;
    let most = 0;
    pool.on("connect", () => {
      connected += 1;
      most = Math.max(most, connected);
    });
    pool.on("disconnect", () => {
      connected -= 1;
      if (connected > 0 || most < worthReplacing || this.pool !== pool) return;
      this.pool = undefined;
      close(pool); // a request that waits for a connection still gets it
    });
    return pool;
  }
}

function close(pool: Pool | undefined): void {
  pool?.close().catch(() => {});
}

/** Connections at a time. */
const worthReplacing = 64;
