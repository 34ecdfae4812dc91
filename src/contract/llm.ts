/** What an LLM call is about and what it used. Filled by the decoder and the meter; read by CEL (`llm`), metrics and log. */
export interface LlmCall {
  /** The provider's name in telemetry, GenAI conventions: `openai`, `gcp.vertex_ai`, or a custom name. */
  provider: string;
  /** `chat`, `embeddings`, ... GenAI `gen_ai.operation.name`. */
  operation: string;
  /** The model sent to the provider. */
  requestModel: string;
  /** The model that the client asked for, before routing and transformation. */
  clientModel: string;
  /** The model that the provider says it used. */
  responseModel?: string;
  streaming: boolean;
  /** The request's JSON as the client sent it; CEL `llmRequest`. */
  request: Readonly<Record<string, unknown>>;
  params: LlmParams;
  usage: LlmUsage;
  /** Monotonic milliseconds of the first content event of a stream. */
  firstTokenAt?: number;
  /** Texts of the completion, kept only when an expression reads `llm.completion`. */
  completion?: string[];
}

/** Sampling parameters, as the client sent them. */
export interface LlmParams {
  temperature?: number;
  top_p?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  seed?: number;
  max_tokens?: number;
  encoding_format?: string;
  dimensions?: number;
}

/** Token counts, from the provider's own numbers; a missing member was not reported. */
export interface LlmUsage {
  /** Everything that went in, cache reads and writes included. */
  inputTokens?: number;
  /** The provider's raw figure, which for some leaves cached tokens out. */
  providerInputTokens?: number;
  cachedInputTokens?: number;
  cacheCreationInputTokens?: number;
  outputTokens?: number;
  reasoningTokens?: number;
  /** Input and output as normalised here. */
  totalTokens?: number;
  providerTotalTokens?: number;
  inputTextTokens?: number;
  inputImageTokens?: number;
  inputAudioTokens?: number;
  outputTextTokens?: number;
  outputImageTokens?: number;
  outputAudioTokens?: number;
  serviceTier?: string;
}
