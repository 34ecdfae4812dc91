import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** OpenAI embeddings. */
export const embeddings = defineFormat({
  name: "embeddings",
  operation: "embeddings",
  modelIn: "body",
  readRequest,
  readReply,
  createStreamReader,
});
