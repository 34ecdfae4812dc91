import { now, openFleet, pause } from "./fleet.ts";
import type { ClosedLoop, ClosedResult, Told } from "./protocol.ts";

/** More requests than any candidate can serve in the longest window; an end in case a clock goes wrong. */
const maxRequests = 20_000_000;

/** Saturates a candidate and counts what it served in the window. */
export async function closedLoop(job: ClosedLoop, tell: (told: Told) => void): Promise<ClosedResult> {
  let served = 0;
  let open = true;
  const fleet = await openFleet(job.plan, {
    done(client) {
      served += 1;
      if (open && served < maxRequests) client.send();
    },
  });
  try {
    for (const client of fleet.clients) client.send();
    await Promise.race([pause(job.warmUpMs), fleet.failed]);
    tell({ tell: "window-start" });
    const [startedAt, before] = [now(), served];
    await Promise.race([pause(job.windowMs), fleet.failed]);
    const result = { requests: served - before, seconds: (now() - startedAt) / 1_000 };
    tell({ tell: "window-end" });
    if (result.requests === 0) throw new Error("no reply in the whole window");
    return result;
  } finally {
    open = false;
    fleet.close();
  }
}
