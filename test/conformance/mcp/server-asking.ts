import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  inputRequired,
  inputResponse,
  type CallToolResult,
  type InputRequest,
  type InputRequiredResult,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { text } from "./server-content.ts";

/**
 * Tools and a prompt that ask the client. Each is written for results of type `input_required` (revision 2026-07-28); for
 * older clients the SDK turns the same into requests of the server.
 */

export interface Progress {
  readonly tool: string;
  readonly round: number;
}

type Answer = CallToolResult | InputRequiredResult;
type Schema = Parameters<typeof inputRequired.elicit>[0]["requestedSchema"];

const form = (message: string, properties: object, required: readonly string[] = []): InputRequest =>
  inputRequired.elicit({ message, requestedSchema: { type: "object", properties, required } as Schema });
const string = { type: "string" };
const askName = (message: string): InputRequest => form(message, { name: string }, ["name"]);
const askConfirmation = (): InputRequest => form("Please confirm", { ok: { type: "boolean" } }, ["ok"]);
const askModel = (prompt: string, maxTokens = 100): InputRequest =>
  inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens });
const done = (value: string): CallToolResult => ({ content: [text(value)] });

/** The text that a model answered under the key, or undefined. */
function sampled({ mcpReq }: ServerContext, key: string): string | undefined {
  const view = inputResponse(mcpReq.inputResponses, key);
  if (view.kind !== "sampling") return undefined;
  return [view.result.content]
    .flat()
    .map((block) => ("text" in block ? block.text : ""))
    .join("");
}

/** SEP-1034: a default for each kind of field. */
const defaults = {
  name: { ...string, default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { ...string, enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};

/** SEP-1330: the five ways to offer a choice. */
const choices = {
  untitledSingle: { ...string, enum: ["option1", "option2", "option3"] },
  titledSingle: {
    ...string,
    oneOf: ["First", "Second", "Third"].map((title, at) => ({ const: `value${at + 1}`, title: `${title} Option` })),
  },
  legacyEnum: { ...string, enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
  untitledMulti: { type: "array", items: { ...string, enum: ["option1", "option2", "option3"] } },
  titledMulti: {
    type: "array",
    items: { anyOf: ["First", "Second", "Third"].map((title, at) => ({ const: `value${at + 1}`, title: `${title} Choice` })) },
  },
};

export function registerAsking(server: McpServer, states: RequestStateCodec<Progress>): void {
  registerForms(server);
  registerSampling(server);
  registerStateless(server);
  registerStateful(server, states);
}

function registerForms(server: McpServer): void {
  const asking = (prefix: string, form: InputRequest, { mcpReq }: ServerContext): Answer => {
    const view = inputResponse(mcpReq.inputResponses, "form");
    if (view.kind !== "elicit") return inputRequired({ inputRequests: { form } });
    return done(`${prefix}: action=${view.action}, content=${JSON.stringify(view.content ?? {})}`);
  };
  server.registerTool(
    "test_elicitation",
    { description: "Asks the user", inputSchema: z.object({ message: z.string() }) },
    ({ message }, context) => asking("User response", form(message, { username: string, email: string }, ["username", "email"]), context),
  );
  for (const [name, properties] of [
    ["test_elicitation_sep1034_defaults", defaults],
    ["test_elicitation_sep1330_enums", choices],
    ["test_streaming_elicitation", { name: string }],
  ] as const) {
    server.registerTool(name, { description: "Asks the user" }, (context) =>
      asking("Elicitation completed", form("Please fill in", properties), context),
    );
  }
}

function registerSampling(server: McpServer): void {
  server.registerTool(
    "test_sampling",
    { description: "Asks the model", inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, context): Answer => {
      const answer = sampled(context, "model");
      return answer === undefined ? inputRequired({ inputRequests: { model: askModel(prompt) } }) : done(`LLM response: ${answer}`);
    },
  );
  // The SDK refuses what the client has not declared: -32021.
  server.registerTool("test_missing_capability", { description: "Needs sampling" }, (context): Answer => {
    const answer = sampled(context, "model");
    return answer === undefined ? inputRequired({ inputRequests: { model: askModel("anything") } }) : done(answer);
  });
}

/** SEP-2322 without `requestState`. */
function registerStateless(server: McpServer): void {
  server.registerTool("test_input_required_result_elicitation", { description: "Asks for a name" }, ({ mcpReq }): Answer => {
    const answer = acceptedContent(mcpReq.inputResponses, "user_name", z.object({ name: z.string() }));
    return answer ? done(`Hello, ${answer.name}!`) : inputRequired({ inputRequests: { user_name: askName("What is your name?") } });
  });
  server.registerTool("test_input_required_result_sampling", { description: "Asks the model" }, (context): Answer => {
    const answer = sampled(context, "capital_question");
    const capital_question = askModel("What is the capital of France?");
    return answer === undefined ? inputRequired({ inputRequests: { capital_question } }) : done(answer);
  });
  server.registerTool("test_input_required_result_list_roots", { description: "Asks for roots" }, ({ mcpReq }): Answer => {
    const view = inputResponse(mcpReq.inputResponses, "client_roots");
    if (view.kind !== "roots") return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    return done(view.roots.map(({ uri }) => uri).join(" "));
  });
  server.registerTool("test_input_required_result_capabilities", { description: "Asks what may be asked" }, ({ mcpReq }): Answer => {
    if (mcpReq.inputResponses !== undefined) return done("answered");
    const envelope = mcpReq.envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined;
    const declared = envelope?.[CLIENT_CAPABILITIES_META_KEY];
    const inputRequests = {
      ...(declared?.elicitation && { elicit_input: askName("What is your name?") }),
      ...(declared?.sampling && { sample_input: askModel("Say hello") }),
    };
    return Object.keys(inputRequests).length === 0 ? done("nothing may be asked") : inputRequired({ inputRequests });
  });
  server.registerPrompt("test_input_required_result_prompt", { description: "Asks for its context" }, ({ mcpReq }) => {
    const answer = acceptedContent(mcpReq.inputResponses, "user_context", z.object({ context: z.string() }));
    if (!answer) {
      const user_context = form("What context should the prompt use?", { context: string }, ["context"]);
      return inputRequired({ inputRequests: { user_context } });
    }
    return { messages: [{ role: "user", content: { type: "text", text: `Context: ${answer.context}` } }] };
  });
}

/** SEP-2322 with `requestState`, signed: what was tampered with is refused before the tool runs. */
function registerStateful(server: McpServer, states: RequestStateCodec<Progress>): void {
  const ask = async (tool: string, round: number, inputRequests: Record<string, InputRequest>): Promise<Answer> =>
    inputRequired({ inputRequests, requestState: await states.mint({ tool, round }) });
  for (const tool of ["test_input_required_result_request_state", "test_input_required_result_tampered_state"]) {
    server.registerTool(tool, { description: "Keeps its state at the client" }, async ({ mcpReq }): Promise<Answer> => {
      const known = mcpReq.requestState<Progress>()?.tool === tool;
      return known ? done("state-ok") : ask(tool, 1, { confirm: askConfirmation() });
    });
  }
  const multiple = "test_input_required_result_multiple_inputs";
  server.registerTool(multiple, { description: "Asks three things at once" }, async ({ mcpReq }): Promise<Answer> => {
    const asked = { user_name: askName("What is your name?"), greeting: askModel("Greet", 50), client_roots: inputRequired.listRoots() };
    const answered = Object.keys(asked).every((key) => inputResponse(mcpReq.inputResponses, key).kind !== "missing");
    return answered && mcpReq.requestState<Progress>()?.tool === multiple ? done("all answered") : ask(multiple, 1, asked);
  });
  const rounds = "test_input_required_result_multi_round";
  server.registerTool(rounds, { description: "Asks twice" }, async ({ mcpReq }): Promise<Answer> => {
    const round = mcpReq.requestState<Progress>()?.round ?? 0;
    if (round === 0) return ask(rounds, 1, { step1: askName("Step 1: What is your name?") });
    if (round === 1) return ask(rounds, 2, { step2: form("Step 2: What is your favorite color?", { color: string }, ["color"]) });
    return done("both rounds are done");
  });
}
