import * as z from "zod";
import { compileExpression } from "./compile.ts";
import type { CompiledExpression } from "./compile.ts";
import { CelSyntaxError } from "./syntax-error.ts";

/**
 * A CEL expression in the configuration: text to those who write it, compiled to those who read the parsed configuration.
 * A bad one is an issue with line and column inside the text.
 */
export function celExpression(): z.ZodType<CompiledExpression, string> {
  return z
    .string()
    .transform((source, context) => {
      try {
        return compileExpression(source);
      } catch (error) {
        if (!(error instanceof CelSyntaxError)) throw error;
        context.addIssue({ code: "custom", message: `CEL ${error.message}` });
        return z.NEVER;
      }
    })
    .meta({ format: "cel" });
}
