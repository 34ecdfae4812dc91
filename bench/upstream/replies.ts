import { replyBytes } from "../wire/message.ts";

/** What the upstream answers over plain HTTP, built once. */

const json = { "content-type": "application/json", date: "Sun, 22 Nov 2026 12:00:00 GMT", server: "bench" };
const eventStream = { ...json, "content-type": "text/event-stream", "cache-control": "no-cache" };

/** In every good reply: what the load generator looks for, to be sure it does not measure error pages. */
export const marker = "turnpike-bench-reply";

const words = "The quick brown fox jumps over the lazy dog while the gateway counts what each of its requests has cost. ";

/** `length` characters of prose. */
export function prose(length: number): string {
  return words.repeat(Math.ceil(length / words.length)).slice(0, length);
}

/** 1.5 KB of JSON. */
export const plainReply = replyBytes(
  "200 OK",
  json,
  JSON.stringify({ id: marker, items: Array.from({ length: 12 }, (_, i) => ({ i, text: prose(96) })) }),
);

/** A chat completion with usage, 1.5 KB. */
export const chatReply = replyBytes(
  "200 OK",
  json,
  JSON.stringify({
    id: `chatcmpl-${marker}`,
    object: "chat.completion",
    created: 1_795_348_800,
    model: "bench-model",
    choices: [{ index: 0, message: { role: "assistant", content: prose(1_100), refusal: null }, logprobs: null, finish_reason: "stop" }],
    usage: {
      prompt_tokens: 412,
      completion_tokens: 236,
      total_tokens: 648,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    },
    service_tier: "default",
    system_fingerprint: "fp_bench",
  }),
);

/** Head of a stream in chunks. */
export const streamHead = Buffer.from(
  `HTTP/1.1 200 OK\r\n${Object.entries(eventStream)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}transfer-encoding: chunked\r\n\r\n`,
);
export const streamEnd = Buffer.from("0\r\n\r\n");

/** A chat completion as 50 events, the last of them with usage, then `[DONE]`; one chunk each. */
export const chatEvents: readonly Buffer[] = [
  ...Array.from({ length: 49 }, (_, i) => chunk(`data: ${JSON.stringify(delta(i))}\n\n`)),
  chunk(
    `data: ${JSON.stringify({ ...chatChunk([]), usage: { prompt_tokens: 412, completion_tokens: 48, total_tokens: 460, prompt_tokens_details: { cached_tokens: 0 } } })}\n\n`,
  ),
  chunk("data: [DONE]\n\n"),
];

/** The event that an idle stream starts with; nothing comes after it. */
export const firstEvent = chunk(`event: message\ndata: {"id":"${marker}"}\n\n`);

function delta(i: number): object {
  const content = i === 0 ? { role: "assistant", content: "" } : { content: ` ${words.split(" ")[i % 19]}` };
  return { ...chatChunk([{ index: 0, delta: content, logprobs: null, finish_reason: i === 48 ? "stop" : null }]), usage: null };
}

function chatChunk(choices: readonly object[]): object {
  return {
    id: `chatcmpl-${marker}`,
    object: "chat.completion.chunk",
    created: 1_795_348_800,
    model: "bench-model",
    service_tier: "default",
    system_fingerprint: "fp_bench",
    choices,
  };
}

/** @returns a chunk of RFC 9112 section 7.1 */
export function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}
