import * as z from "zod";
import { celExpression } from "../../cel/config-type.ts";
import type { CompiledExpression } from "../../cel/compile.ts";
import type { HostPort } from "../../contract/config/address.ts";
import { backendReferenceKeys } from "../../contract/config/backend-reference.ts";
import { exactlyOne, maybe } from "../../contract/config/combinators.ts";
import { headerOrPseudoName } from "../../contract/config/http-names.ts";

/** One server that looks at messages: either `host` or `backend` says where it is. */
export interface GuardrailProcessor<Policies> {
  readonly kind: "remote";
  readonly host?: HostPort | undefined;
  readonly backend?: string | undefined;
  readonly methods: Readonly<Record<string, "off" | "request" | "response" | "full">>;
  readonly policies?: Policies | undefined;
  readonly failureMode: "failClosed" | "failOpen";
  readonly metadata?: Readonly<Record<string, CompiledExpression>> | undefined;
  readonly requestHeaders?: HeaderFilter | undefined;
}

/** Which header fields of the client a processor sees; without `allowed` all, less those of `disallowed`. Lower case. */
export interface HeaderFilter {
  readonly allowed?: readonly string[] | undefined;
  readonly disallowed?: readonly string[] | undefined;
}

export interface McpGuardrailsConfig<Policies = unknown> {
  readonly processors: readonly GuardrailProcessor<Policies>[];
}

/**
 * Servers that look at MCP messages, in the order in which they are asked.
 * @param policies the schema of policies around calls of the gateway's own
 */
export function mcpGuardrailsConfig<Policies extends z.ZodType>(policies: Policies) {
  const processor = exactlyOne(backendReferenceKeys(), {
    kind: z.literal("remote").describe("A server that speaks ExtMcp over gRPC."),
    methods: z
      .record(z.string(), z.enum(["off", "request", "response", "full"]))
      .default({})
      .describe("When it is asked, by method, `prefix*`, `*suffix` or `*`; the most precise counts. About other methods it is not asked."),
    policies: maybe(policies).describe("How to talk to the server."),
    failureMode: z
      .enum(["failClosed", "failOpen"])
      .default("failClosed")
      .describe("What becomes of messages when it cannot be asked: they are refused, or pass."),
    metadata: z.record(z.string(), celExpression()).optional().describe("Values to send along, by name. CEL."),
    requestHeaders: z
      .strictObject({
        allowed: z.array(headerOrPseudoName()).optional().describe("The only ones that it sees; all when empty."),
        disallowed: z.array(headerOrPseudoName()).optional().describe("Those that it does not see in any case."),
      })
      .optional()
      .describe("Which header fields of the client it sees, pseudo header fields such as `:path` among them."),
  }) as unknown as z.ZodType<GuardrailProcessor<z.output<Policies>>>;
  return z.strictObject({ processors: z.array(processor).describe("The servers, in the order in which they are asked.") });
}
