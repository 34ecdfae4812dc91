import * as z from "zod";
import { conditional, maybe } from "../../contract/config/combinators.ts";
import { celExpression } from "../../cel/config-type.ts";
import { headerMap, headerOrPseudoName } from "../../contract/config/http-names.ts";

const headers = () => headerMap(celExpression(), headerOrPseudoName).prefault({});

const transform = z.strictObject({
  replace: maybe(celExpression()).describe("CEL that gives a map with all headers; it is applied before the others."),
  add: headers().describe("Headers to append; the values are CEL."),
  set: headers().describe("Headers to set; the values are CEL. One that fails takes the header away."),
  remove: z.array(headerOrPseudoName()).prefault([]).describe("Names of headers to take away."),
  body: maybe(celExpression()).describe("CEL that gives the new body."),
  metadata: z.record(z.string(), celExpression()).prefault({}).describe("CEL by name; later expressions see the results as `metadata.*`."),
});

/** One transformation, without conditions, as backends have it. */
const transformationKeys = {
  request: maybe(transform).describe("Done to the request."),
  response: maybe(transform).describe("Done to the reply."),
};

/** Headers, body and metadata computed by CEL. Output: branches, the first that applies is done. */
export const transformationsConfig = conditional(celExpression(), (extra) => z.strictObject({ ...transformationKeys, ...extra }));

/** The same in the places that know no conditions; the output has the same form. */
export const plainTransformationsConfig = z.strictObject(transformationKeys).transform((branch): TransformationsConfig => [branch]);

export type TransformationsConfig = z.output<typeof transformationsConfig>;
export type Transform = z.output<typeof transform>;
