import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** Gemini's own shape, as its API and Vertex AI speak it. */
export const generateContent = defineFormat({
  name: "generateContent",
  operation: "chat",
  modelIn: "path",
  readRequest,
  readReply,
  createStreamReader,
});
