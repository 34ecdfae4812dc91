import type { z } from "zod";
import { celExpression } from "../../cel/config-type.ts";
import { ruleSet } from "../../contract/config/rules.ts";

/** Who may send which requests. */
export const authorizationConfig = ruleSet(celExpression());

export type AuthorizationConfig = z.output<typeof authorizationConfig>;
