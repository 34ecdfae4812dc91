import { revision as previous } from "../2025-03-26/registry.ts";
import type { Revision } from "../revision.ts";

/**
 * https://modelcontextprotocol.io/specification/2025-06-18: the protocol version header, elicitation (a request of
 * servers) and structured results, which pass through. No method of clients was added.
 */
export const revision: Revision = { name: "2025-06-18", methods: previous.methods, stateless: false, listMembers: "" };
