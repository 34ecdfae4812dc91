import type { JsonObject } from "../../../base/json.ts";

/**
 * One level of an OpenAPI 3.0 schema as JSON Schema 2020-12: `nullable` becomes a type, exclusive bounds become numbers,
 * `example` becomes `examples`. (https://spec.openapis.org/oas/v3.0.3, "Schema Object")
 */
export function upgradeSchema(schema: JsonObject): JsonObject {
  const { nullable, exclusiveMinimum, exclusiveMaximum, example, ...rest } = schema;
  const upgraded: Record<string, unknown> = rest;
  setBound(upgraded, "minimum", "exclusiveMinimum", exclusiveMinimum);
  setBound(upgraded, "maximum", "exclusiveMaximum", exclusiveMaximum);
  if (example !== undefined) upgraded["examples"] = [example];
  return nullable === true ? orNull(upgraded) : upgraded;
}

function setBound(schema: Record<string, unknown>, bound: string, exclusive: string, value: unknown): void {
  if (value === true && typeof schema[bound] === "number") {
    schema[exclusive] = schema[bound];
    delete schema[bound];
  } else if (typeof value === "number") {
    schema[exclusive] = value; // 3.1's form in a 3.0 document
  }
}

function orNull(schema: JsonObject): JsonObject {
  const { type, enum: values } = schema;
  if (typeof type === "string") {
    const alsoNull = Array.isArray(values) && !values.includes(null) ? { enum: [...(values as unknown[]), null] } : {};
    return { ...schema, type: [type, "null"], ...alsoNull };
  }
  const isOpen = !["allOf", "anyOf", "oneOf", "enum", "not"].some((keyword) => schema[keyword] !== undefined);
  return isOpen ? schema : { anyOf: [schema, { type: "null" }] };
}
