import { definePolicy } from "../../contract/policy.ts";
import { type McpAuthorizationConfig, mcpAuthorizationConfig } from "./config.ts";

/**
 * Rules about tools, prompts and resources. They speak of single MCP items, which are known only inside the MCP backend:
 * it takes the merged rules from here, this policy does nothing to HTTP requests. The rules of all places add up.
 */
export const mcpAuthorization = definePolicy<McpAuthorizationConfig>({
  name: "mcpAuthorization",
  config: mcpAuthorizationConfig,
  merge: (less, more) => ({ rules: [...less.rules, ...more.rules] }),
});
