import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";

/** Deadlines. Both end when the reply's headers are there, so streams may take as long as they like. */
export const timeoutConfig = z.strictObject({
  requestTimeout: maybe(duration()).describe("From the arrival of the request to the headers of the reply, all attempts included."),
  backendRequestTimeout: maybe(duration()).describe("For one attempt at a backend."),
});

export type TimeoutConfig = z.output<typeof timeoutConfig>;
