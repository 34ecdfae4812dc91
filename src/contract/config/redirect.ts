import * as z from "zod";
import { exactlyOne } from "./combinators.ts";
import { uint } from "./numbers.ts";

/** What becomes of host and port in a rewritten or redirected URL. */
export function authorityChange() {
  return z.union([
    exactlyOne({
      full: z.string().describe("A new host, with port where that is not the default."),
      host: z.string().describe("A new host; the port stays."),
      port: uint(65_535).min(1).describe("A new port; the host stays."),
    }),
    z.enum(["auto", "none"]).transform((kind) => ({ kind })),
  ]);
}

/** What becomes of the path in a rewritten or redirected URL; the query stays. */
export function pathChange() {
  return exactlyOne({
    full: z.string().describe("A new path."),
    prefix: z.string().describe("Put in place of the prefix that the route matched."),
  });
}

export type AuthorityChange = z.output<ReturnType<typeof authorityChange>>;
export type PathChange = z.output<ReturnType<typeof pathChange>>;
