import * as z from "zod";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";

/** HTTP towards one backend. */
export const httpConfig = z.strictObject({
  version: maybe(notYet(z.string(), "choosing the HTTP version for a backend")).describe("HTTP version to speak; 1.1 when absent."),
  requestTimeout: maybe(duration()).describe(
    "Deadline for one request, to the headers of the reply; in place of the route's `timeout.backendRequestTimeout`.",
  ),
});

export type HttpConfig = z.output<typeof httpConfig>;
