import * as z from "zod";
import { definePolicy } from "../../contract/policy.ts";
import { type McpGuardrailsConfig, mcpGuardrailsConfig } from "./config.ts";

/**
 * Other servers that look at MCP messages. What they see are single messages, known only inside the MCP backend: it takes
 * the config from here, this policy does nothing to HTTP requests. The most specific place counts, as in the reference.
 */
export const mcpGuardrails = definePolicy<McpGuardrailsConfig>({
  name: "mcpGuardrails",
  config: mcpGuardrailsConfig(z.unknown()),
});
