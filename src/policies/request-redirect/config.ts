import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { statusCode } from "../../contract/config/numbers.ts";
import { authorityChange, pathChange } from "../../contract/config/redirect.ts";

/** Sends the client elsewhere. */
export const requestRedirectConfig = z.strictObject({
  scheme: maybe(z.string()).describe("`http` or `https`; the request's own when absent."),
  authority: maybe(authorityChange()).describe("Host and port; the request's own when absent."),
  path: maybe(pathChange()).describe("Path; the request's own when absent."),
  status: maybe(statusCode()).describe("Status code of the redirect; 302 when absent."),
});

export type RequestRedirectConfig = z.output<typeof requestRedirectConfig>;
