import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { uint } from "../../contract/config/numbers.ts";

const limit = z.strictObject({
  maxBytes: maybe(uint()).describe("How large a body may be; frontendPolicies.http.maxBufferSize when absent."),
  failureMode: z
    .enum(["failClosed", "failOpen"])
    .default("failClosed")
    .describe("A larger body is refused (`failClosed`) or passed on unbuffered (`failOpen`)."),
});

/** Reads bodies in whole before passing them on. */
export const bufferConfig = z.strictObject({
  request: maybe(limit).describe("Bodies of requests."),
  response: maybe(limit).describe("Bodies of replies."),
});

export type BufferConfig = z.output<typeof bufferConfig>;
