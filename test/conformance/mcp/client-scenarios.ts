import { Client, type ClientOptions, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

/** What the client under test does in each scenario of the conformance suite that is not about authorization. */

/** What the suite tells its client in the environment (`MCP_CONFORMANCE_...`). */
export interface Assignment {
  readonly scenario: string;
  readonly revision: string;
  /** JSON of what only this scenario has. */
  readonly context: string | undefined;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/** The assignment in the environment of this process. */
export function assignment(environment: NodeJS.ProcessEnv): Assignment {
  return {
    scenario: environment["MCP_CONFORMANCE_SCENARIO"] ?? "",
    revision: environment["MCP_CONFORMANCE_PROTOCOL_VERSION"] ?? "",
    context: environment["MCP_CONFORMANCE_CONTEXT"],
  };
}

type Scenario = (client: Client, context: string | undefined) => Promise<void>;

const list: Scenario = async (client) => void (await client.listTools());

/** Calls every tool that the client lets through. */
const callAll =
  (args: Record<string, unknown>): Scenario =>
  async (client) => {
    for (const { name } of (await client.listTools()).tools) await client.callTool({ name, arguments: args });
  };

const scenarios: Readonly<Record<string, Scenario>> = {
  initialize: list,
  tools_call: callAll({ a: 5, b: 3 }),
  "elicitation-sep1034-client-defaults": callAll({}),
  "sse-retry": callAll({}),
  "request-metadata": list,
  "json-schema-ref-no-deref": list,
  "http-invalid-tool-headers": callAll({ region: "us-west1" }),
  "http-standard-headers": async (client) => {
    await callAll({})(client, undefined);
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
  },
  "http-custom-headers": async (client, context) => {
    await client.listTools();
    const { toolCalls } = JSON.parse(context ?? "{}") as { toolCalls: readonly ToolCall[] };
    for (const call of toolCalls) await client.callTool(call);
  },
  "json-schema-2020-12-preservation": async (client) => {
    const { tools } = await client.listTools();
    const schema = tools.find(({ name }) => name === "json_schema_2020_12_tool")?.inputSchema;
    await client.callTool({ name: "json_schema_echo", arguments: { schema } });
  },
  "sep-2322-client-request-state": async (client) => {
    // At once: what one call is asked must not show up in another. One of the tools answers without `resultType`, which the
    // suite wants tolerated and the SDK refuses.
    const { tools } = await client.listTools();
    await Promise.allSettled(tools.map(({ name }) => client.callTool({ name, arguments: {} })));
  },
};

/** Plays the assigned scenario against the server at `url`. */
export async function play(url: string, { scenario, revision, context }: Assignment): Promise<void> {
  const steps = scenarios[scenario];
  if (steps === undefined) throw new Error(`this client has no scenario "${scenario}"`);
  const options: ClientOptions = {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    versionNegotiation: { mode: revision === "2026-07-28" ? "auto" : "legacy" },
  };
  const client = new Client({ name: "conformance", version: "1.0.0" }, options);
  client.setRequestHandler("elicitation/create", ({ params }) => {
    const properties = "requestedSchema" in params ? Object.keys(params.requestedSchema?.properties ?? {}) : [];
    return { action: "accept", content: properties.includes("confirmed") ? { confirmed: true } : {} };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  await steps(client, context);
  await client.close();
}
