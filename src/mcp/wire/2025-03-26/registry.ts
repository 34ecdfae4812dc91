import { revision as previous } from "../2024-11-05/registry.ts";
import type { Revision } from "../revision.ts";

/**
 * https://modelcontextprotocol.io/specification/2025-03-26: streamable HTTP, batches (which the gateway refuses) and
 * new members of tools, which pass through. No method was added.
 */
export const revision: Revision = { name: "2025-03-26", methods: previous.methods, stateless: false, listMembers: "" };
