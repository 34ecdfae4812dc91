import { mcpSubject, mcpTarget } from "../reading.ts";
import { type MetricFamily, routeLabels } from "./finished.ts";
import { keySeparator as _, labelValue, unknown } from "./label-table.ts";

/** MCP messages. Requests without a JSON-RPC method (opening a stream, ending a session) are not counted. */
export const mcpFamily: MetricFamily = {
  register(registry, customLabels) {
    const own = ["method", "resource_type", "server", "resource"];
    const table = registry.table("mcp", [...own, ...routeLabels, ...customLabels], ["method", "resource", ...customLabels]);
    const requests = registry.counter(table, { name: "mcp_requests_total", help: "Total number of MCP requests" });

    return (finished) => {
      const { mcp } = finished.exchange;
      if (mcp?.methodName === undefined) return;
      const subject = mcpSubject(mcp);
      const method = labelValue(mcp.methodName);
      const type = subject?.type ?? unknown;
      const server = mcpTarget(mcp) ?? unknown;
      const resource = labelValue(subject?.item.name);
      const row =
        table.find(method + _ + type + _ + server + _ + resource + _ + finished.routeKey + finished.customKey) ??
        table.admit([method, type, server, resource, ...finished.routeValues(), ...finished.custom]);
      requests.add(row, 1);
    };
  },
};
