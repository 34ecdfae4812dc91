import * as z from "zod";
import { conditional, maybe } from "../../contract/config/combinators.ts";
import { celExpression } from "../../cel/config-type.ts";
import { headerMap } from "../../contract/config/http-names.ts";
import { statusCode, uint } from "../../contract/config/numbers.ts";

const encoder = new TextEncoder();

const body = z.union([
  z.string().transform((text) => encoder.encode(text)),
  z.array(uint(255)).transform((bytes) => Uint8Array.from(bytes)),
]);

/** A reply from the configuration itself; no backend is asked. Output: branches, the first that applies answers. */
export const directResponseConfig = conditional(celExpression(), (extra) =>
  z.strictObject({
    status: statusCode().describe("Status code."),
    body: body.optional().describe("The body: a text, or a list of bytes."),
    bodyExpression: maybe(celExpression()).describe("CEL that gives the body."),
    headers: headerMap(celExpression()).optional().describe("Headers; the values are CEL."),
    ...extra,
  }),
);

export type DirectResponseConfig = z.output<typeof directResponseConfig>;
