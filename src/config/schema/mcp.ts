import * as z from "zod";
import { exactlyOne, extension, maybe, orDefault } from "../../contract/config/combinators.ts";
import { fileInlineOrRemote } from "../../contract/config/files.ts";
import { positiveDuration } from "../../contract/config/duration.ts";
import { port, uint } from "../../contract/config/numbers.ts";
import { minNameLength } from "../../mcp/short-name.ts";
import { callPolicies } from "./call-policies.ts";
import { mcpServerAddress, mcpServerAddressWith } from "./mcp-address.ts";
import { routePolicies } from "./policies.ts";
import { gatewayReferences } from "./gateway-references.ts";

const stdio = z
  .strictObject({
    cmd: z.string().min(1).describe("Program to start; it speaks MCP on its standard input and output."),
    args: z.array(z.string()).default([]).describe("Its arguments."),
    env: z.record(z.string(), z.string()).default({}).describe("Environment variables for it."),
    maxProcesses: maybe(extension(uint().min(1), "a bound on a target's processes")).describe(
      "Processes it may have at a time, one for each session and one for all calls without; 256. A session that comes when they are in use is refused by the target's name, or goes without the target (`failOpen`).",
    ),
    idleTimeout: maybe(extension(positiveDuration(), "when an unused process is ended")).describe(
      "How long after its last call the process that calls without session share is ended; `5m`. That of a session ends with it.",
    ),
    clear_env: z.boolean().default(false).describe("Whether it gets only those, and none of ours."),
  })
  .transform(({ clear_env: clearEnv, ...process }) => ({ ...process, clearEnv }));

/** One label of a target's name; targets' names prefix tools, with `_` between, so there is none inside. */
const targetName = z.string().superRefine((name, context) => {
  if (/[_+]/.test(name)) {
    context.addIssue({
      code: "custom",
      message: "must hold no `_` and no `+`: they stand between target and tool in names that clients see",
    });
  } else if (name.length > 253 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)) {
    context.addIssue({
      code: "custom",
      message: "must be small letters, digits and `-`, with a letter or digit at both ends, up to 253 characters",
    });
  }
});

const target = exactlyOne(
  {
    mcp: mcpServerAddress("/mcp").describe("A server with streamable HTTP."),
    stdio: stdio.describe("A program that is started here."),
    sse: mcpServerAddress("/sse").describe("A server with the older HTTP+SSE transport, of the revision 2024-11-05."),
    openapi: mcpServerAddressWith("/", {
      schema: fileInlineOrRemote().describe("Its OpenAPI document, 3.0 or 3.1, JSON or YAML: one tool for each operation."),
    }).describe(
      "A REST service as tools. A path other than `/` goes in front of the document's paths, in place of what its `servers` say.",
    ),
  },
  {
    name: targetName.describe("Name; the prefix of its tools where there are several targets."),
    policies: maybe(callPolicies).describe("Policies for the requests to this server."),
  },
).meta({ id: "McpTarget" });

const toolIntegrity = z.strictObject({
  mode: orDefault(z.enum(["off", "warn", "block"]), "off").describe(
    "Whether a definition that changed, or that is not approved, is reported (`warn`), or also hidden and not callable (`block`).",
  ),
  approve: orDefault(z.enum(["firstSight", "explicit"]), "firstSight").describe(
    "Whether the first definition of a tool is approved as it is, if nothing in it is suspicious, or every one waits for `POST /tools/approve`.",
  ),
});

const mcpBackendKeys = {
  targets: z.array(target).describe("The MCP servers."),
  statefulMode: z
    .enum(["stateful", "stateless"])
    .default("stateful")
    .describe("Whether clients get a session, or every request stands alone."),
  prefixMode: orDefault(z.enum(["conditional", "always", "never"]), "conditional").describe(
    "Whether names get their target's name in front: with several targets, always or never.",
  ),
  maxNameLength: extension(
    z
      .int()
      .min(minNameLength)
      .default(64)
      .describe(
        "Characters that the name of a tool or prompt may have, its target's name included. One with more goes by a short form, always the same: the beginnings of both and a hash. LLM APIs take 64, and some clients put something in front. At least 32.",
      ),
    "names that are short enough for LLM APIs",
  ),
  pageSize: extension(
    z
      .int()
      .min(1)
      .default(1_000)
      .describe("Tools, prompts or resources of several targets that a client gets at once; it asks for the others with a cursor."),
    "pages of merged lists",
  ),
  failureMode: orDefault(z.enum(["failClosed", "failOpen"]), "failClosed").describe(
    "Whether one target that fails fails all (`failClosed`) or is left out (`failOpen`).",
  ),
  toolIntegrity: maybe(extension(toolIntegrity, "tool definitions that are pinned")).describe(
    "Whether tools and prompts must stay as they were approved. `GET /tools` of the admin address shows them.",
  ),
  dnsRebindingProtection: z
    .boolean()
    .optional()
    .describe(
      "Whether Host and Origin must be localhost: for a gateway on the user's own machine, against web pages of other sites. When absent: over loopback addresses, an Origin must be local or one that `cors` allows. `false` checks nothing.",
    ),
};

export const mcpBackend = z.strictObject(mcpBackendKeys).meta({ id: "McpBackend" });

/** The short form: MCP servers with a port or a gateway of their own. */
export const mcpSection = z
  .strictObject({
    gateways: gatewayReferences,
    port: maybe(port()).describe("Port to listen on. Without port, gateways and a gateway called `default`: 3000."),
    ...mcpBackendKeys,
    policies: maybe(routePolicies).describe("Policies, as on a route."),
  })
  .meta({ id: "Mcp" });

export type McpTarget = z.output<typeof target>;
export type McpBackend = z.output<typeof mcpBackend>;
export type McpSection = z.output<typeof mcpSection>;
