import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { cities, question, text, untilCancelled, watchedUri } from "./content.ts";
import type { Backstage } from "./servers.ts";

/** A server of SDK 1.x with all that its revisions have. */
export function createOldServer(backstage: Backstage): McpServer {
  const server = new McpServer(
    { name: "era-old", version: "1.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: {},
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      instructions: "old instructions",
    },
  );
  registerPlain(server, backstage);
  registerAsking(server);
  registerItems(server);
  const uris = new Set<string>();
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => (uris.add(params.uri), {}));
  server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => (uris.delete(params.uri), {}));
  backstage.change.push((uri) => {
    void server.server.sendToolListChanged().catch(() => {});
    if (uris.has(uri)) void server.server.sendResourceUpdated({ uri }).catch(() => {});
  });
  return server;
}

function registerPlain(server: McpServer, backstage: Backstage): void {
  server.registerTool(
    "sum",
    { description: "Adds", inputSchema: { a: z.number(), b: z.number() }, outputSchema: { sum: z.number() } },
    ({ a, b }) => ({ content: [text(`${a + b}`)], structuredContent: { sum: a + b } }),
  );
  server.registerTool("work", { description: "Reports and logs" }, async (extra) => {
    const progressToken = extra._meta?.progressToken;
    for (const progress of [1, 2]) {
      await extra.sendNotification({ method: "notifications/message", params: { level: "info", data: `step ${progress}` } });
      if (progressToken !== undefined) {
        await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 2 } });
      }
    }
    return { content: [text("worked")] };
  });
  server.registerTool("slow", { description: "Takes for ever" }, async ({ signal }) => {
    await untilCancelled(signal, backstage);
    return { content: [text("late")] };
  });
  server.registerTool("fail", { description: "Fails" }, () => ({ content: [text("it failed")], isError: true }));
}

function registerAsking(server: McpServer): void {
  server.registerTool("ask-form", { description: "Asks for a name" }, async ({ sendRequest }) => {
    const answer = await sendRequest({ method: "elicitation/create", params: question("name") }, ElicitResultSchema);
    return { content: [text(`${answer.action}: ${String(answer.content?.["name"])}`)] };
  });
  server.registerTool("ask-aside", { description: "Asks on the stream of the session, not of the call" }, async () => {
    const answer = await server.server.elicitInput(question("name"));
    return { content: [text(`${answer.action}: ${String(answer.content?.["name"])}`)] };
  });
  server.registerTool("ask-url", { description: "Asks to visit a page" }, async ({ sendRequest }) => {
    const params = { mode: "url" as const, message: "visit", url: "https://example.test/visit", elicitationId: "e-1" };
    const answer = await sendRequest({ method: "elicitation/create", params }, ElicitResultSchema);
    return { content: [text(`visited: ${answer.action}`)] };
  });
  let told = false;
  server.registerTool("need-url", { description: "Refuses until a page was visited" }, () => {
    if (told) return { content: [text("ready")] };
    told = true;
    throw new UrlElicitationRequiredError([{ mode: "url", message: "visit", url: "https://example.test/first", elicitationId: "e-2" }]);
  });
  server.registerTool("sample", { description: "Asks a model" }, async ({ sendRequest }) => {
    const params = { messages: [{ role: "user" as const, content: text("prompt") }], maxTokens: 5 };
    const answer = await sendRequest({ method: "sampling/createMessage", params }, CreateMessageResultSchema);
    return { content: [text(`sampled: ${"text" in answer.content ? answer.content.text : ""}`)] };
  });
  server.registerTool("roots", { description: "Asks for roots" }, async ({ sendRequest }) => {
    const { roots } = await sendRequest({ method: "roots/list" }, ListRootsResultSchema);
    return { content: [text(roots.map(({ uri }) => uri).join(" "))] };
  });
  server.registerTool("two-rounds", { description: "Asks twice" }, async ({ sendRequest }) => {
    const first = await sendRequest({ method: "elicitation/create", params: question("name") }, ElicitResultSchema);
    const second = await sendRequest({ method: "elicitation/create", params: question("color") }, ElicitResultSchema);
    return { content: [text(`${String(first.content?.["name"])} likes ${String(second.content?.["color"])}`)] };
  });
}

function registerItems(server: McpServer): void {
  const city = completable(z.string(), (value) => cities.filter((name) => name.startsWith(value)));
  server.registerPrompt("trip", { description: "A trip", argsSchema: { city } }, ({ city: to }) => ({
    messages: [{ role: "user", content: text(`to ${to}`) }],
  }));
  server.registerResource("watched", watchedUri, { description: "Changes" }, ({ href }) => ({
    contents: [{ uri: href, text: "watched" }],
  }));
  server.registerResource("item", new ResourceTemplate("era://items/{id}", { list: undefined }), {}, ({ href }, { id }) => ({
    contents: [{ uri: href, text: `item ${String(id)}` }],
  }));
}
