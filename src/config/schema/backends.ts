import * as z from "zod";
import { hostPort } from "../../contract/config/address.ts";
import { serviceReference } from "../../contract/config/backend-reference.ts";
import { exactlyOne, maybe, notYet } from "../../contract/config/combinators.ts";
import { celExpression } from "../../cel/config-type.ts";
import { aiBackend } from "./ai.ts";
import { mcpBackend } from "./mcp.ts";
import { backendPolicies } from "./policies.ts";

const host = hostPort().describe("Address of an HTTP server, `host:port`.");
const internal = notYet(z.string(), "the admin interface as a backend").describe("The admin interface: `forward`, or a path of it.");
const mcp = mcpBackend.describe("MCP servers, joined into one.");
const ai = aiBackend.describe("An LLM provider.");
const aws = notYet(
  exactlyOne({ agentCore: z.strictObject({ agentRuntimeArn: z.string(), qualifier: maybe(z.string()) }) }),
  "AWS backends",
).describe("A service of AWS.");

/** Backends that are reached by an address or a name. */
export const networkBackendKinds = {
  service: notYet(serviceReference(), "routing to `services`").describe("A service of the `services` list."),
  backend: z.string().describe("Name of an entry of `backends`."),
  host,
  dynamic: notYet(z.strictObject({ target: maybe(celExpression()) }), "backends computed per request").describe(
    "The address that a request names itself.",
  ),
};

/** What a route can send to. */
export const backendKinds = {
  ...networkBackendKinds,
  internal,
  mcp,
  ai,
  aws,
  invalid: notYet(z.null(), "a backend that always fails").describe("Always fails."),
};

/** An entry of `backends`, for use by name. */
export const namedBackend = exactlyOne(
  { host, internal, mcp, ai, aws },
  {
    name: z.string().describe("Name to refer to."),
    policies: maybe(backendPolicies).describe("Policies for this backend."),
  },
).meta({ id: "NamedBackend" });

export type NamedBackend = z.output<typeof namedBackend>;
