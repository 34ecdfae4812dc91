import { configJsonSchema } from "../config/json-schema.ts";

/** The configuration's JSON Schema (draft 2020-12), for editors. */
export function schema(): string {
  return JSON.stringify({ title: "Turnpike configuration", ...configJsonSchema() }, undefined, 2);
}
