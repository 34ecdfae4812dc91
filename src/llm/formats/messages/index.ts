import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { prepareRequest, readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** Anthropic messages. */
export const messages = defineFormat({
  name: "messages",
  operation: "chat",
  modelIn: "body",
  readRequest,
  prepareRequest,
  readReply,
  createStreamReader,
});
