import { revision as previous } from "../2024-11-05/registry.ts";
import { itemMethod, type Method, type Revision } from "../revision.ts";

/** Kept as they were: everything else of the older revisions is about sessions, which there are none of. */
const kept = [
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "completion/complete",
];

/**
 * https://modelcontextprotocol.io/specification/2026-07-28: no sessions, no requests of servers; tasks are an extension
 * (`io.modelcontextprotocol/tasks`) with methods of other meaning than in 2025-11-25.
 */
export const revision: Revision = {
  name: "2026-07-28",
  stateless: true,
  // rules and targets may differ by caller and by the hour
  listMembers: '"resultType":"complete","ttlMs":0,"cacheScope":"private"',
  methods: new Map<string, Method>([
    ["server/discover", { routing: "discover" }],
    ["subscriptions/listen", { routing: "listen" }],
    ...[...previous.methods].filter(([name]) => kept.includes(name)),
    ["tasks/get", itemMethod("task", "taskId")],
    ["tasks/update", itemMethod("task", "taskId")],
    ["tasks/cancel", itemMethod("task", "taskId")],
  ]),
};
