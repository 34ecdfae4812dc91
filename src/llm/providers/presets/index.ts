import { defineProvider, type ProviderDefinition } from "../../provider.ts";
import { compatibleProvider, type FormatEntry } from "../openai-compatible/index.ts";

/** Vendors that serve known shapes at known addresses, and want nothing else done differently. */

const chat: FormatEntry = { type: "completions" };
const messages: FormatEntry = { type: "messages" };
const responses: FormatEntry = { type: "responses" };
const embeddings: FormatEntry = { type: "embeddings" };
const rerank: FormatEntry = { type: "rerank" };
/** Anthropic's shape next to an OpenAI-compatible prefix. */
const besideMessages: FormatEntry = { type: "messages", path: "/anthropic/v1/messages" };

const table: Readonly<Record<string, readonly [baseUrl: string, formats: readonly FormatEntry[]]>> = {
  cohere: [
    "https://api.cohere.ai",
    [
      { type: "completions", path: "/compatibility/v1/chat/completions" },
      { type: "embeddings", path: "/compatibility/v1/embeddings" },
      { type: "rerank", path: "/v2/rerank" },
    ],
  ],
  ollama: ["http://localhost:11434/v1", [chat, responses, embeddings]],
  baseten: ["https://inference.baseten.co/v1", [chat, messages]],
  cerebras: ["https://api.cerebras.ai/v1", [chat]],
  deepinfra: ["https://api.deepinfra.com/v1/openai", [chat, embeddings, besideMessages]],
  deepseek: ["https://api.deepseek.com/v1", [chat, responses, besideMessages]],
  groq: ["https://api.groq.com/openai/v1", [chat, responses]],
  huggingface: ["https://router.huggingface.co/v1", [chat, responses]],
  mistral: ["https://api.mistral.ai/v1", [chat, embeddings]],
  openrouter: ["https://openrouter.ai/api/v1", [chat, messages, responses, embeddings, rerank]],
  togetherai: ["https://api.together.xyz/v1", [chat, embeddings, rerank]],
  xai: ["https://api.x.ai/v1", [chat, responses]],
  fireworks: ["https://api.fireworks.ai/inference/v1", [chat, messages, responses, embeddings, rerank]],
};

export const presets: readonly ProviderDefinition[] = Object.entries(table).map(([name, [baseUrl, formats]]) =>
  defineProvider({ name, fromParams: () => compatibleProvider({ telemetryName: name, baseUrl, formats }) }),
);
