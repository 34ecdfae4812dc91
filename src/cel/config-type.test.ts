import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { celExpression } from "./config-type.ts";

const schema = z.strictObject({ when: celExpression(), fields: z.record(z.string(), celExpression()).optional() });

test("a good expression comes out compiled", () => {
  const { when } = schema.parse({ when: "jwt.sub == 'ann'" });
  assert.equal(when.evaluateBoolean({ jwt: { sub: "ann" } }), true);
  assert.ok(when.reads.reads("jwt"));
});

test("a bad one is an issue at its path, with line and column inside the text", () => {
  const result = schema.safeParse({ when: "jwt.sub ==\n  'ann", fields: { a: "nope" } });
  assert.deepEqual(
    result.error?.issues.map(({ path, message }) => [path.join("."), message]),
    [
      ["when", "CEL 2:3: the string is not closed: ' is missing"],
      [
        "fields.a",
        'CEL 1:1: unknown variable "nope"; there are request, response, jwt, apiKey, basicAuth, source, destination, backend, mcp, llm, llmRequest, extauthz, extproc, mcpGuardrails, metadata, env, proxy',
      ],
    ],
  );
});

test("to those who write configurations it is a string", () => {
  const { properties } = z.toJSONSchema(schema, { io: "input" });
  assert.deepEqual(properties?.["when"], { type: "string", format: "cel" });
});
