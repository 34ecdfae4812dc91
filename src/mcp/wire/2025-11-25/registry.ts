import { revision as previous } from "../2025-06-18/registry.ts";
import { itemMethod, type Method, type Revision } from "../revision.ts";

/** https://modelcontextprotocol.io/specification/2025-11-25: adds tasks. */
export const revision: Revision = {
  name: "2025-11-25",
  stateless: false,
  listMembers: "",
  methods: new Map<string, Method>([
    ...previous.methods,
    ["tasks/list", { routing: "list", capability: "tasks", item: "task", member: "tasks", key: "taskId" }],
    ["tasks/get", itemMethod("task", "taskId")],
    ["tasks/result", itemMethod("task", "taskId")],
    ["tasks/cancel", itemMethod("task", "taskId")],
  ]),
};
