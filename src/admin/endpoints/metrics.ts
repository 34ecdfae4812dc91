import type { Endpoint } from "../endpoint.ts";

/** The Prometheus exposition, under the customary path and the one that Envoy uses. */
export function metrics(render: () => Promise<string>): Endpoint[] {
  return ["/metrics", "/stats/prometheus"].map((path) => ({
    method: "GET",
    path,
    summary: "metrics in Prometheus' text format",
    handle: async () => ({ status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: await render() }),
  }));
}
