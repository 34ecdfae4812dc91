import { defineFormat } from "../../format.ts";
import { readReply } from "./reply.ts";
import { checkRequest, readRequest } from "./request.ts";
import { createStreamReader } from "./stream.ts";

/** Gemini's own shape, as its API and Vertex AI speak it. */
export const generateContent = defineFormat({
  name: "generateContent",
  operation: "chat",
  modelIn: "path",
  checkRequest,
  readRequest,
  readReply,
  createStreamReader,
});
