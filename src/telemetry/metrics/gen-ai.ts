import type { LlmUsage } from "../../contract/llm.ts";
import { firstTokenDelay, timePerOutputToken } from "../reading.ts";
import { firstTokenBuckets, modelCallBuckets, outputTokenBuckets, tokenBuckets } from "./buckets.ts";
import { type MetricFamily, routeLabels } from "./finished.ts";
import { keySeparator as _, type LabelRow, labelValue } from "./label-table.ts";

type TokenCount = "inputTokens" | "outputTokens" | "cachedInputTokens" | "cacheCreationInputTokens";

/** Values of `gen_ai_token_type` and where their counts are. */
const tokenTypes: readonly (readonly [type: string, member: TokenCount & keyof LlmUsage])[] = [
  ["input", "inputTokens"],
  ["output", "outputTokens"],
  ["input_cache_read", "cachedInputTokens"],
  ["input_cache_write", "cacheCreationInputTokens"],
];

const callLabels = ["gen_ai_operation_name", "gen_ai_system", "gen_ai_request_model", "gen_ai_response_model", ...routeLabels];
const models = ["gen_ai_request_model", "gen_ai_response_model"];

/** Calls to models: OpenTelemetry's GenAI metrics under the reference project's names. */
export const genAiFamily: MetricFamily = {
  register(registry, customLabels) {
    const unbounded = [...models, ...customLabels];
    const calls = registry.table("gen_ai", [...callLabels, ...customLabels], unbounded);
    const tokens = registry.table("gen_ai_tokens", ["gen_ai_token_type", ...callLabels, ...customLabels], unbounded);
    const usage = registry.histogram(tokens, tokenBuckets, {
      name: "gen_ai_client_token_usage",
      help: "Number of tokens used per request",
    });
    const duration = registry.histogram(calls, modelCallBuckets, {
      name: "gen_ai_server_request_duration",
      help: "Duration of generative AI request",
    });
    const firstToken = registry.histogram(calls, firstTokenBuckets, {
      name: "gen_ai_server_time_to_first_token",
      help: "Time to generate the first token for a given request",
    });
    const perToken = registry.histogram(calls, outputTokenBuckets, {
      name: "gen_ai_server_time_per_output_token",
      help: "Time to generate each output token for a given request",
    });

    /** Rows of `tokens` by row of `calls` and index in `tokenTypes`: the labels are the same but for the type. */
    const tokenRows: LabelRow[][] = [];

    return (finished) => {
      const { llm } = finished.exchange;
      // a call that was refused before it had a provider is no usage, and its model name is whatever the client made up
      if (llm === undefined || llm.provider === "") return;
      const requested = labelValue(llm.requestModel);
      const answered = labelValue(llm.responseModel);
      const row =
        calls.find(llm.operation + _ + llm.provider + _ + requested + _ + answered + _ + finished.routeKey + finished.customKey) ??
        calls.admit([llm.operation, llm.provider, requested, answered, ...finished.routeValues(), ...finished.custom]);

      duration.observe(row, finished.durationSeconds);
      const delay = firstTokenDelay(finished.exchange);
      if (delay !== undefined) firstToken.observe(row, delay / 1000);
      const pace = timePerOutputToken(finished.exchange);
      if (pace !== undefined) perToken.observe(row, pace / 1000);

      const ofCall = (tokenRows[row.id] ??= []);
      for (const [index, [type, member]] of tokenTypes.entries()) {
        const count = llm.usage[member];
        if (count !== undefined) usage.observe((ofCall[index] ??= tokens.admit([type, ...row.values])), count);
      }
    };
  },
};
