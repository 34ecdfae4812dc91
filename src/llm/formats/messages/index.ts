import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** Anthropic messages. */
export const messages = defineFormat({
  name: "messages",
  operation: "chat",
  modelIn: "body",
  readRequest,
  readReply,
  createStreamReader,
});
