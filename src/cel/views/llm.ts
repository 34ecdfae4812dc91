import type { Exchange } from "../../contract/exchange.ts";
import type { LlmCall, LlmParams, LlmUsage } from "../../contract/llm.ts";
import { toDouble } from "../numbers.ts";
import { CelDuration } from "../time.ts";
import { fieldTable } from "./field-view.ts";
import { promptOf } from "./prompt.ts";

/** An LLM call with the exchange it is part of, which knows the times. */
export interface LlmSubject {
  readonly exchange: Exchange;
  readonly call: LlmCall;
}

const usage =
  <Name extends keyof LlmUsage>(name: Name) =>
  ({ call }: LlmSubject): LlmUsage[Name] =>
    call.usage[name];

/** CEL `llm`. */
export const llmFields = fieldTable<LlmSubject>({
  streaming: ({ call }) => call.streaming,
  requestModel: ({ call }) => call.requestModel,
  responseModel: ({ call }) => call.responseModel,
  provider: ({ call }) => call.provider,
  inputTokens: usage("inputTokens"),
  providerInputTokens: usage("providerInputTokens"),
  inputImageTokens: usage("inputImageTokens"),
  inputTextTokens: usage("inputTextTokens"),
  inputAudioTokens: usage("inputAudioTokens"),
  cachedInputTokens: usage("cachedInputTokens"),
  cacheCreationInputTokens: usage("cacheCreationInputTokens"),
  outputTokens: usage("outputTokens"),
  outputImageTokens: usage("outputImageTokens"),
  outputTextTokens: usage("outputTextTokens"),
  outputAudioTokens: usage("outputAudioTokens"),
  reasoningTokens: usage("reasoningTokens"),
  totalTokens: usage("totalTokens"),
  providerTotalTokens: usage("providerTotalTokens"),
  serviceTier: usage("serviceTier"),
  timeToFirstToken({ exchange, call }) {
    return call.firstTokenAt === undefined ? undefined : CelDuration.fromMilliseconds(call.firstTokenAt - exchange.startedMonotonic);
  },
  timePerOutputToken({ exchange, call }) {
    const { firstTokenAt, usage: counts } = call;
    if (firstTokenAt === undefined || exchange.finishedAt === 0 || !counts.outputTokens) return undefined;
    return CelDuration.fromMilliseconds((exchange.finishedAt - firstTokenAt) / counts.outputTokens);
  },
  prompt: ({ call }) => promptOf(call.request),
  completion: ({ call }) => call.completion,
  params: ({ call }) => paramsOf(call.params),
});

/** Parameters that are doubles stay doubles when they happen to be whole numbers. */
function paramsOf(params: LlmParams): Record<string, unknown> {
  const doubles = ["temperature", "top_p", "frequency_penalty", "presence_penalty"] as const;
  const converted: Record<string, unknown> = { ...params };
  for (const name of doubles) if (params[name] !== undefined) converted[name] = toDouble(params[name]);
  return converted;
}
