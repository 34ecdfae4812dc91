import * as z from "zod";
import { exactlyOne, maybe } from "./combinators.ts";
import { headerName } from "./http-names.ts";

/** Where a bearer token is, unless a policy says otherwise. */
export const bearerHeader = { header: { name: "authorization", prefix: "Bearer " } };

/** Where HTTP Basic credentials are, unless a policy says otherwise. */
export const basicHeader = { header: { name: "authorization", prefix: "Basic " } };

const places = {
  header: z
    .strictObject({
      name: headerName().describe("Name of the header."),
      prefix: maybe(z.string()).describe("What stands before the credential, such as `Bearer `; compared without regard to case."),
    })
    .describe("In a header."),
  queryParameter: z.strictObject({ name: z.string().min(1).describe("Name of the parameter.") }).describe("In the query of the URL."),
  cookie: z.strictObject({ name: z.string().min(1).describe("Name of the cookie.") }).describe("In a cookie."),
};

/** Where a policy finds a credential in a request. */
export function credentialSource<E extends z.ZodType>(expression: E) {
  return exactlyOne({ ...places, expression: expression.describe("CEL that gives the credential as a string.") });
}

/** Where a credential is put into a request: an expression can only read, so it is refused here. */
export function credentialDestination() {
  return exactlyOne(places);
}
