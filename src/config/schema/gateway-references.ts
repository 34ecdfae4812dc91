import * as z from "zod";

/** References to gateways, `name` or `name/listener`. Output: always a list. */
export const gatewayReferences = z
  .union([z.string().transform((name) => [name]), z.array(z.string())])
  .prefault([])
  .describe("Gateways, `name` or `name/listener`, as a string or a list; the one called `default` when absent.");
