import { isJsonObject } from "../../base/json.ts";
import type { JsonObject } from "../../base/json.ts";

/** A message of a prompt, whatever format it came in. */
export interface PromptMessage {
  readonly role: string;
  readonly content: string;
}

/**
 * The prompt of an LLM request as role and text: `messages` and `system` (OpenAI, Anthropic), `input` and `instructions`
 * (OpenAI Responses, embeddings), `prompt` (completions), `contents` (Gemini). Images and the like are left out.
 */
export function promptOf(request: JsonObject): PromptMessage[] | undefined {
  const messages: PromptMessage[] = [];
  for (const name of ["system", "instructions", "systemInstruction"]) add(messages, "system", request[name]);
  let found = messages.length > 0;
  for (const name of ["messages", "input", "prompt", "contents"]) {
    const part = request[name];
    if (part === undefined) continue;
    found = true;
    if (Array.isArray(part)) for (const message of part as unknown[]) addMessage(messages, message);
    else add(messages, "user", part);
  }
  return found ? messages : undefined;
}

function addMessage(messages: PromptMessage[], message: unknown): void {
  if (!isJsonObject(message)) return add(messages, "user", message);
  const role = typeof message["role"] === "string" ? message["role"] : "user";
  add(messages, role, message["content"] ?? message["parts"]);
}

function add(messages: PromptMessage[], role: string, content: unknown): void {
  const text = textOf(content);
  if (text !== undefined) messages.push({ role, content: text });
}

/** The text of a content: itself, or that of its parts. */
function textOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) {
    const texts = (content as unknown[]).map((part) => (typeof part === "string" ? part : isJsonObject(part) ? part["text"] : undefined));
    return texts.filter((text) => typeof text === "string").join("\n");
  }
  return isJsonObject(content) ? textOf(content["parts"] ?? content["text"]) : undefined;
}
