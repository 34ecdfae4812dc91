import * as z from "zod";
import { exactlyOne, maybe } from "../../../contract/config/combinators.ts";
import { filePath } from "../../../contract/config/files.ts";
import { uint } from "../../../contract/config/numbers.ts";

/** Prices of models: US dollars per million tokens, decimal strings. */

const money = () => maybe(z.string());

const rates = z.strictObject({
  input: money(),
  output: money(),
  cacheRead: money(),
  cacheWrite: money(),
  reasoning: money(),
  inputAudio: money(),
  outputAudio: money(),
});

const model = z.strictObject({
  rates: rates.optional(),
  tiers: z.array(z.strictObject({ contextOver: uint(), rates })).optional(),
  tags: z
    .array(z.string())
    .refine((tags) => new Set(tags).size === tags.length, "names a tag twice")
    .optional(),
});

const catalog = z.strictObject({
  providers: z.record(z.string(), z.strictObject({ models: z.record(z.string(), model).optional() })).optional(),
});

export const modelCatalog = z.array(exactlyOne({ file: filePath(), inline: z.union([z.string(), catalog]) }));
