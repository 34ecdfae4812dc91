import type { Exchange } from "../contract/exchange.ts";

/**
 * Waits, unless the exchange is over before.
 * @param milliseconds at most 2^31-1, about 24 days
 * @returns whether the exchange is still alive
 */
export function pause(exchange: Exchange, milliseconds: number): Promise<boolean> {
  if (exchange.aborted !== undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        unregister();
        resolve(true);
      },
      Math.min(milliseconds, maxTimerMs),
    );
    const unregister = exchange.onAbort(() => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

/** setTimeout turns anything longer into no wait at all. */
export const maxTimerMs = 2_147_483_647;
