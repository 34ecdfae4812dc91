import * as z from "zod";
import { exactlyOne, maybe } from "../../contract/config/combinators.ts";
import { bearerHeader, credentialSource } from "../../contract/config/credential-location.ts";
import { modelPattern } from "../../contract/config/model-pattern.ts";
import { celExpression } from "../../cel/config-type.ts";
import { credentialMode, modeText } from "../../contract/config/jwt.ts";

const keyHash = z.string().regex(/^sha256:[0-9a-fA-F]{64}$/, "expected `sha256:` and 64 hexadecimal digits");

const apiKey = exactlyOne(
  {
    key: z.string().min(1).describe("The key itself."),
    keyHash: keyHash.describe("SHA-256 of the key, `sha256:<hex>`, so that the key need not be in the file."),
  },
  {
    metadata: z.unknown().optional().describe("Facts about the holder; CEL sees them as `apiKey.*`."),
    allowedModels: maybe(z.array(modelPattern())).describe("Models the key may use, with `*` at one end; absent: all, empty: none."),
  },
);

/** Callers identified by a key that we know. */
export const apiKeyConfig = z.strictObject({
  keys: z.array(apiKey).describe("The keys that are accepted."),
  mode: credentialMode().default("optional").describe(modeText),
  location: credentialSource(celExpression()).prefault(bearerHeader).describe("Where the key is in a request."),
});

export type ApiKeyConfig = z.output<typeof apiKeyConfig>;
