import * as z from "zod";

/** Refuses requests that a foreign web page makes a browser send. */
export const csrfConfig = z.strictObject({
  additionalOrigins: z
    .array(z.string())
    .refine((origins) => new Set(origins).size === origins.length, "names an origin twice")
    .default([])
    .describe("Other origins whose pages may send changing requests, such as `https://app.example.com`."),
});

export type CsrfConfig = z.output<typeof csrfConfig>;
