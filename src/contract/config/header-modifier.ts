import * as z from "zod";
import { headerMap, headerName } from "./http-names.ts";

/** Changes to headers by literal values, done in this order. */
export function headerModifier() {
  return z.strictObject({
    add: headerMap(z.string()).prefault({}).describe("Headers to append; one that is there already stays."),
    set: headerMap(z.string()).prefault({}).describe("Headers to set, in place of what is there."),
    remove: z.array(headerName()).prefault([]).describe("Names of headers to take away."),
  });
}

export type HeaderModifier = z.output<ReturnType<typeof headerModifier>>;
