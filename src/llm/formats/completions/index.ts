import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { prepareRequest, readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** OpenAI chat completions. */
export const completions = defineFormat({
  name: "completions",
  operation: "chat",
  modelIn: "body",
  readRequest,
  prepareRequest,
  readReply,
  createStreamReader,
});
