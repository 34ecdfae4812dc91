import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";
import { celExpression } from "../../cel/config-type.ts";
import { statusCode, uint } from "../../contract/config/numbers.ts";

/** Further attempts when the backend fails. */
export const retryConfig = z.strictObject({
  attempts: uint(255).min(1).default(1).describe("How many more attempts there may be after the first."),
  backoff: maybe(duration()).describe("Pause before another attempt."),
  codes: z.array(statusCode()).describe("Status codes after which to try again; connection failures and timeouts always count."),
  precondition: maybe(celExpression()).describe("CEL on the request; when it is false there is only one attempt and the body is not kept."),
  condition: maybe(celExpression()).describe("CEL on the reply; when it is true, try again whatever the code."),
});

export type RetryConfig = z.output<typeof retryConfig>;
