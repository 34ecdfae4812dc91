import type { z } from "zod";
import { headerModifier } from "../../contract/config/header-modifier.ts";

/** Changes headers on the way back to the client. */
export const responseHeaderModifierConfig = headerModifier();

export type ResponseHeaderModifierConfig = z.output<typeof responseHeaderModifierConfig>;
