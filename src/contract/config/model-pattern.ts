import * as z from "zod";

/** The name of a model, or what several begin or end with and a `*` at the other end. Output: as written. */
export function modelPattern() {
  return z
    .string()
    .min(1)
    .refine((name) => !/.\*./.test(name) && (name.match(/\*/g)?.length ?? 0) <= 1, "may hold one `*`, at its start or its end");
}
