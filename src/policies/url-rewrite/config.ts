import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { authorityChange, pathChange } from "../../contract/config/redirect.ts";

/** The URL that the backend sees. */
export const urlRewriteConfig = z.strictObject({
  authority: maybe(authorityChange()).describe("The Host header: `auto` takes the backend's, `none` keeps the client's."),
  path: maybe(pathChange()).describe("The path."),
});

export type UrlRewriteConfig = z.output<typeof urlRewriteConfig>;
