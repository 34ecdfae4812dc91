import type { z } from "zod";
import { celExpression } from "../../cel/config-type.ts";
import { ruleSet } from "../../contract/config/rules.ts";

/** Who may see and use which tools, prompts and resources; `mcp.*` is what is being used. */
export const mcpAuthorizationConfig = ruleSet(celExpression());

export type McpAuthorizationConfig = z.output<typeof mcpAuthorizationConfig>;
