import * as z from "zod";
import { backendReference } from "../../contract/config/backend-reference.ts";

/** Sends a copy of requests to another backend and forgets about it. */
export const requestMirrorConfig = z.strictObject({
  backend: backendReference().describe("Who gets the copies."),
  percentage: z.number().min(0).max(1).describe("Which part of the requests, 0 to 1."),
});

export type RequestMirrorConfig = z.output<typeof requestMirrorConfig>;
