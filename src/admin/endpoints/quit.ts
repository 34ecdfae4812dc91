import { type Endpoint, textReply } from "../endpoint.ts";

/** Ends the process the way SIGTERM does. */
export function quit(stop: () => void): Endpoint {
  return {
    method: "POST",
    path: "/quitquitquit",
    summary: "ends the process; requests in flight are served to their end",
    handle() {
      setImmediate(stop); // after the reply is on its way
      return textReply(200, "shutting down");
    },
  };
}
