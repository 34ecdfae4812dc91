import { completable, fromJsonSchema, type CallToolResult, type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { z } from "zod";

/** What the conformance suite reads: tools of each kind of content, resources, prompts. The names and texts are the suite's. */

/** One red pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/** A WAV file of no samples. */
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

export const text = (value: string): CallToolResult["content"][number] => ({ type: "text", text: value });
const image = { type: "image", data: png, mimeType: "image/png" } as const;
const embedded = (uri: string, mimeType: string, value: string) =>
  ({ type: "resource", resource: { uri, mimeType, text: value } }) as const;

const contents: Readonly<Record<string, CallToolResult["content"]>> = {
  test_simple_text: [text("This is a simple text response for testing.")],
  test_image_content: [image],
  test_audio_content: [{ type: "audio", data: wav, mimeType: "audio/wav" }],
  test_embedded_resource: [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
  test_multiple_content_types: [
    text("Multiple content types test:"),
    image,
    embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
  ],
};

/** SEP-1613 and SEP-2106: keywords of JSON Schema 2020-12 that must survive a list. */
const rich = fromJsonSchema({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: { address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
});

/** SEP-2243: an argument that clients repeat in the header Mcp-Param-Region. */
const region: object = { type: "string", "x-mcp-header": "Region" };
const mirrored = fromJsonSchema<{ region: string }>({ type: "object", properties: { region }, required: ["region"] });

export function registerContent(server: McpServer): void {
  for (const [name, content] of Object.entries(contents)) {
    server.registerTool(name, { description: `Content for ${name}` }, () => ({ content }));
  }
  server.registerTool("test_error_handling", { description: "Always fails" }, () => ({
    content: [text("This tool intentionally returns an error for testing")],
    isError: true,
  }));
  server.registerTool("json_schema_2020_12_tool", { description: "A rich schema", inputSchema: rich }, () => ({ content: [text("ok")] }));
  server.registerTool("test_region", { description: "An argument in a header", inputSchema: mirrored }, ({ region }) => ({
    content: [text(region)],
  }));
  registerResources(server);
  registerPrompts(server);
}

function registerResources(server: McpServer): void {
  const plain = { description: "For the suite", mimeType: "text/plain" };
  server.registerResource("static-text", "test://static-text", plain, ({ href }) => ({
    contents: [{ uri: href, mimeType: "text/plain", text: "This is the content of the static text resource." }],
  }));
  server.registerResource("static-binary", "test://static-binary", { ...plain, mimeType: "image/png" }, ({ href }) => ({
    contents: [{ uri: href, mimeType: "image/png", blob: png }],
  }));
  server.registerResource("watched", "test://watched-resource", plain, ({ href }) => ({
    contents: [{ uri: href, mimeType: "text/plain", text: "watched" }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, { ...plain, mimeType: "application/json" }, ({ href }, { id }) => ({
    contents: [
      { uri: href, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }) },
    ],
  }));
}

function registerPrompts(server: McpServer): void {
  const user = <Content>(content: Content) => ({ role: "user", content }) as const;
  server.registerPrompt("test_simple_prompt", { description: "Simple" }, () => ({
    messages: [user({ type: "text", text: "This is a simple prompt for testing." } as const)],
  }));
  const beginning = (value: string): string[] => ["paris", "park", "party"].filter((word) => word.startsWith(value));
  const two = z.object({
    arg1: completable(z.string().describe("First test argument"), beginning),
    arg2: z.string().describe("Second test argument"),
  });
  server.registerPrompt("test_prompt_with_arguments", { description: "With arguments", argsSchema: two }, ({ arg1, arg2 }) => ({
    messages: [user({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` } as const)],
  }));
  const one = z.object({ resourceUri: z.string().describe("URI of the resource to embed") });
  server.registerPrompt("test_prompt_with_embedded_resource", { description: "Embeds", argsSchema: one }, ({ resourceUri }) => ({
    messages: [
      user(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
      user({ type: "text", text: "Please process the embedded resource above." } as const),
    ],
  }));
  server.registerPrompt("test_prompt_with_image", { description: "An image" }, () => ({
    messages: [user(image), user({ type: "text", text: "Please analyze the image above." } as const)],
  }));
}
