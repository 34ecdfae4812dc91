import * as z from "zod";
import { maybe } from "../../../contract/config/combinators.ts";
import { celExpression } from "../../../cel/config-type.ts";
import { uint } from "../../../contract/config/numbers.ts";

/** Model names that stand for one of several models. */
export const virtualModel = z.strictObject({
  name: z.string(),
  routing: z.strictObject({
    weighted: maybe(z.strictObject({ targets: z.array(z.strictObject({ model: z.string(), weight: uint().default(1) })) })),
    failover: maybe(z.strictObject({ targets: z.array(z.strictObject({ model: z.string(), priority: uint() })) })),
    conditional: maybe(z.strictObject({ targets: z.array(z.strictObject({ when: maybe(celExpression()), model: z.string() })) })),
  }),
});
