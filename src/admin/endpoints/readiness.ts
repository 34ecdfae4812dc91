import { type Endpoint, textReply } from "../endpoint.ts";

/** Whether traffic should come here. @param pending what still has to happen before it should */
export function readiness(pending: () => readonly string[]): Endpoint {
  return {
    method: "GET",
    path: "/healthz/ready",
    summary: "200 when traffic may come, else 500 with what is pending",
    handle() {
      const left = pending();
      return left.length === 0 ? textReply(200, "ready") : textReply(500, `not ready, pending: ${left.join(", ")}`);
    },
  };
}
