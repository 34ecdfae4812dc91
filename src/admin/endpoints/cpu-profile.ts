import { Session } from "node:inspector/promises";
import { setTimeout as pause } from "node:timers/promises";
import { type Endpoint, textReply } from "../endpoint.ts";

const defaultSeconds = 10;
const maxSeconds = 60;

/** Where the process spends its time; one profile at a time. It holds function names and files, no data. */
export function cpuProfile(): Endpoint {
  let running = false;
  return {
    method: "GET",
    path: "/debug/cpu-profile",
    summary: `?seconds=${defaultSeconds}: a CPU profile for Chrome DevTools or VS Code (save as .cpuprofile)`,
    async handle({ query }) {
      const seconds = Number(query.get("seconds") ?? defaultSeconds);
      if (!(seconds > 0 && seconds <= maxSeconds)) return textReply(400, `seconds must be a number up to ${maxSeconds}`);
      if (running) return textReply(409, "a profile is being taken; try again when it is done");
      running = true;
      const session = new Session();
      session.connect();
      try {
        await session.post("Profiler.enable");
        await session.post("Profiler.start");
        await pause(seconds * 1_000);
        const { profile } = await session.post("Profiler.stop");
        return { status: 200, contentType: "application/json", body: JSON.stringify(profile) };
      } finally {
        session.disconnect();
        running = false;
      }
    },
  };
}
