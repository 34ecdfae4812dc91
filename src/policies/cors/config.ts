import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";

/** Which web pages of other origins may read the replies (WHATWG Fetch, CORS protocol). */
export const corsConfig = z.strictObject({
  allowOrigins: z
    .array(z.string())
    .default([])
    .describe("Origins that may call, such as `https://app.example.com`; the host may hold `*`, and `*` alone is everyone."),
  allowMethods: z.array(z.string()).default([]).describe("Methods that preflights are told; `*` echoes the one that was asked for."),
  allowHeaders: z.array(z.string()).default([]).describe("Request headers that preflights are told; `*` echoes those that were asked for."),
  exposeHeaders: z
    .array(z.string())
    .default([])
    .describe("Reply headers that scripts may read; MCP in a browser needs `Mcp-Session-Id` and `WWW-Authenticate`."),
  allowCredentials: z.boolean().default(false).describe("Whether browsers send cookies and other credentials along."),
  maxAge: maybe(duration()).describe("How long a browser may keep the answer to a preflight."),
});

export type CorsConfig = z.output<typeof corsConfig>;
