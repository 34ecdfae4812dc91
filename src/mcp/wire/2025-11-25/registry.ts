import { revision as previous } from "../2025-06-18/registry.ts";
import { itemMethod, type Revision } from "../revision.ts";

/** https://modelcontextprotocol.io/specification/2025-11-25: adds tasks. */
export const revision: Revision = {
  name: "2025-11-25",
  stateless: false,
  listMembers: "",
  methods: new Map([
    ...previous.methods,
    ["tasks/get", itemMethod("task", "taskId")],
    ["tasks/result", itemMethod("task", "taskId")],
    ["tasks/cancel", itemMethod("task", "taskId")],
  ]),
};
