import type { SseEvent } from "../base/sse.ts";
import type { RequestHead } from "../contract/exchange.ts";
import type { LlmCall, LlmParams } from "../contract/llm.ts";
import type { RequestEdits } from "./request-edits.ts";

/** The wire shapes, named as in a configuration's `formats` and `routes`. */
export type FormatName =
  | "completions"
  | "messages"
  | "responses"
  | "embeddings"
  | "generateContent"
  | "anthropicTokenCount"
  | "geminiCountTokens"
  | "rerank";

/** What a request says about itself. */
export interface RequestFacts {
  readonly streaming: boolean;
  readonly params: LlmParams;
}

/** Reads replies that are passed on as they are. Readers take what they find and never fail. */
export interface ReplyReader {
  /** Notes model and usage of a whole reply in the call. */
  readonly readReply: (bytes: Buffer, call: LlmCall) => void;
  /** A reader for one streamed reply; it notes what it learns in the call. */
  readonly createStreamReader: (call: LlmCall) => StreamReader;
}

/**
 * One wire shape: how its requests are read, and where its replies say what was used. Other people's fields may be
 * missing, of another type, or new.
 */
export interface Format extends ReplyReader {
  readonly name: FormatName;
  /** GenAI `gen_ai.operation.name`. */
  readonly operation: string;
  /** Where a request names its model. */
  readonly modelIn: "body" | "path";
  /** Throws a GatewayError for a request whose reply nobody could follow. */
  readonly checkRequest?: (head: RequestHead) => void;
  /** @param path of the client's request: some shapes say there whether to stream */
  readonly readRequest: (request: RequestEdits, path: string) => RequestFacts;
  /** Last changes before a request goes to a provider of the same shape. */
  readonly prepareRequest?: (request: RequestEdits, streaming: boolean) => void;
}

/** Follows a stream that is passed on as it is, parsing no more of it than it has to. */
export interface StreamReader {
  /** @returns whether the event carries something the model generated */
  read(event: SseEvent): boolean;
  /** The stream is over, or broke off: what was seen counts. Called once. */
  end(): void;
}

/** Keeps the literal types of a format while it is written down. */
export function defineFormat(format: Format): Format {
  return format;
}
