import type { z } from "zod";
import { headerModifier } from "../../contract/config/header-modifier.ts";

/** Changes headers on the way to the backend. */
export const requestHeaderModifierConfig = headerModifier();

export type RequestHeaderModifierConfig = z.output<typeof requestHeaderModifierConfig>;
