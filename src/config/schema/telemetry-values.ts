import * as z from "zod";
import { celExpression } from "../../cel/config-type.ts";

/** CEL by the name of a field. */
export const expressionsByName = z.record(z.string(), celExpression());

/** Fields of a log or a span to add and to leave out. */
export const fieldChanges = z.strictObject({
  remove: z.array(z.string()).default([]).describe("Names of fields to leave out."),
  add: expressionsByName.default({}).describe("Fields to add, CEL by name."),
});

/** How many of the traces are kept: a part from 0 to 1, all or none, or CEL that gives one of these. */
export const sampling = z.union([
  z.boolean().transform((all) => ({ kind: "ratio" as const, ratio: all ? 1 : 0 })),
  z
    .number()
    .min(0)
    .max(1)
    .transform((ratio) => ({ kind: "ratio" as const, ratio })),
  celExpression().transform((expression) => ({ kind: "expression" as const, expression })),
]);

export type Sampling = z.output<typeof sampling>;
