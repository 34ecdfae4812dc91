import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** OpenAI responses. */
export const responses = defineFormat({
  name: "responses",
  operation: "chat",
  modelIn: "body",
  readRequest,
  readReply,
  createStreamReader,
});
