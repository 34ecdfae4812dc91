import { type Endpoint, jsonReply } from "../endpoint.ts";

/** What keeps the event loop alive: sockets, timers, file operations, by kind. */
export const tasks: Endpoint = {
  method: "GET",
  path: "/debug/tasks",
  summary: "open sockets, timers and other resources of the event loop, counted by kind",
  handle() {
    const counts: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
    return jsonReply({ uptimeSeconds: Math.floor(process.uptime()), active: counts });
  },
};
