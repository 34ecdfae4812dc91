import {
  acceptedContent,
  completable,
  createRequestStateCodec,
  type InputRequest,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { cities, question, text, untilCancelled, watchedUri } from "./content.ts";
import type { Backstage } from "./servers.ts";

interface Round {
  readonly name: string;
}

const states = createRequestStateCodec<Round>({ key: randomBytes(32) });
const form = (field: string): InputRequest => inputRequired.elicit(question(field));

/** A server of SDK 2, for one request or one session: what it asks it asks in either way. */
export function createNewServer(backstage: Backstage): McpServer {
  const server = new McpServer(
    { name: "era-new", version: "2.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: {},
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      instructions: "new instructions",
      requestState: { verify: (state, context) => states.verify(state, context) },
    },
  );
  registerPlain(server, backstage);
  registerAsking(server);
  registerRounds(server);
  registerItems(server);
  return server;
}

function registerPlain(server: McpServer, backstage: Backstage): void {
  server.registerTool(
    "sum",
    { description: "Adds", inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }) },
    ({ a, b }) => ({ content: [text(`${a + b}`)], structuredContent: { sum: a + b } }),
  );
  // no object: only the new revision knows such results
  server.registerTool("list", { description: "Lists", outputSchema: z.array(z.number()) }, () => ({
    content: [text("[1,2]")],
    structuredContent: [1, 2],
  }));
  server.registerTool("work", { description: "Reports and logs" }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [1, 2]) {
      await mcpReq.log("info", `step ${progress}`);
      if (progressToken !== undefined) {
        await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 2 } });
      }
    }
    return { content: [text("worked")] };
  });
  server.registerTool("slow", { description: "Takes for ever" }, async ({ mcpReq }) => {
    await untilCancelled(mcpReq.signal, backstage);
    return { content: [text("late")] };
  });
  server.registerTool("fail", { description: "Fails" }, () => ({ content: [text("it failed")], isError: true }));
}

function registerAsking(server: McpServer): void {
  server.registerTool("ask-form", { description: "Asks for a name" }, ({ mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, "form");
    if (view.kind !== "elicit") return inputRequired({ inputRequests: { form: form("name") } });
    return { content: [text(`${view.action}: ${String(view.content?.["name"])}`)] };
  });
  server.registerTool("ask-url", { description: "Asks to visit a page" }, ({ mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, "page");
    if (view.kind === "elicit") return { content: [text(`visited: ${view.action}`)] };
    const page = inputRequired.elicitUrl({ message: "visit", url: "https://example.test/visit" });
    return inputRequired({ inputRequests: { page } });
  });
  server.registerTool("sample", { description: "Asks a model" }, ({ mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, "model");
    if (view.kind !== "sampling") {
      const model = inputRequired.createMessage({ messages: [{ role: "user", content: text("prompt") }], maxTokens: 5 });
      return inputRequired({ inputRequests: { model } });
    }
    const [block] = [view.result.content].flat();
    return { content: [text(`sampled: ${block !== undefined && "text" in block ? block.text : ""}`)] };
  });
  server.registerTool("roots", { description: "Asks for roots" }, ({ mcpReq }) => {
    const view = inputResponse(mcpReq.inputResponses, "roots");
    if (view.kind !== "roots") return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
    return { content: [text(view.roots.map(({ uri }) => uri).join(" "))] };
  });
}

function registerRounds(server: McpServer): void {
  server.registerTool("two-rounds", { description: "Asks twice" }, async ({ mcpReq }) => {
    const known = mcpReq.requestState<Round>();
    const name = acceptedContent(mcpReq.inputResponses, "first", z.object({ name: z.string() }))?.name;
    if (name !== undefined) {
      return inputRequired({ inputRequests: { second: form("color") }, requestState: await states.mint({ name }) });
    }
    const color = acceptedContent(mcpReq.inputResponses, "second", z.object({ color: z.string() }))?.color;
    if (known === undefined || color === undefined) return inputRequired({ inputRequests: { first: form("name") } });
    return { content: [text(`${known.name} likes ${color}`)] };
  });
}

function registerItems(server: McpServer): void {
  const city = completable(z.string(), (value) => cities.filter((name) => name.startsWith(value)));
  server.registerPrompt("trip", { description: "A trip", argsSchema: z.object({ city }) }, ({ city: to }) => ({
    messages: [{ role: "user", content: text(`to ${to}`) }],
  }));
  server.registerResource("watched", watchedUri, { description: "Changes" }, ({ href }) => ({
    contents: [{ uri: href, text: "watched" }],
  }));
  server.registerResource("item", new ResourceTemplate("era://items/{id}", { list: undefined }), {}, ({ href }, { id }) => ({
    contents: [{ uri: href, text: `item ${String(id)}` }],
  }));
}
