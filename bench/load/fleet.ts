import { Client, type ClientEvents } from "./client.ts";
import type { Plan } from "./protocol.ts";

/** How many connections are opened at a time. */
const openedAtOnce = 32;

/** Milliseconds of the machine's monotonic clock, the same in every thread. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The connections of one job, opened; `failed` rejects with the first failure of any of them. */
export interface Fleet {
  readonly clients: readonly Client[];
  readonly failed: Promise<never>;
  close(): void;
}

export async function openFleet(plan: Plan, events: Omit<ClientEvents, "failed">): Promise<Fleet> {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {}); // whoever waits for it gets it; nobody may be waiting yet
  const clients = Array.from(
    { length: plan.connections },
    (_, index) => new Client(plan, index, { ...events, failed: failure.reject }, now),
  );
  const close = (): void => {
    for (const client of clients) client.close();
  };
  try {
    for (let i = 0; i < clients.length; i += openedAtOnce) {
      const opening = Promise.all(clients.slice(i, i + openedAtOnce).map((client) => client.open()));
      await within(10_000, "opening connections", Promise.race([opening, failure.promise]));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { clients, failed: failure.promise, close };
}

/** Rejects when the promise has not settled in time. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
