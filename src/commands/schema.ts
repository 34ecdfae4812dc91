import { z } from "zod";
import { document } from "../config/schema/document.ts";

/** The configuration's JSON Schema (draft 2020-12), for editors. */
export function schema(): string {
  return JSON.stringify({ title: "Turnpike configuration", ...z.toJSONSchema(document, { io: "input" }) }, undefined, 2);
}
