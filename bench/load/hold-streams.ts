import { openFleet, pause, within } from "./fleet.ts";
import type { HoldStreams, Told } from "./protocol.ts";

const openDeadlineMs = 20_000;

/** Opens streams that stay silent, and lets the window pass. */
export async function holdStreams(job: HoldStreams, tell: (told: Told) => void): Promise<undefined> {
  const allOpen = Promise.withResolvers<void>();
  let opened = 0;
  let opening = false;
  const fleet = await openFleet(job.plan, {
    head() {
      if (!opening) return; // a reply to what comes before the stream
      opened += 1;
      if (opened === job.plan.connections) allOpen.resolve();
    },
    done() {
      allOpen.reject(new Error("a stream ended that was to stay open"));
    },
  });
  try {
    opening = true;
    for (const client of fleet.clients) client.send();
    await within(openDeadlineMs, `opening ${job.plan.connections} streams`, Promise.race([allOpen.promise, fleet.failed]));
    await pause(1_000); // what opening them left to do
    tell({ tell: "window-start" });
    await Promise.race([pause(job.windowMs), fleet.failed]);
    tell({ tell: "window-end" });
    return undefined;
  } finally {
    fleet.close();
  }
}
