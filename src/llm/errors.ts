import { GatewayError } from "../contract/errors.ts";
import type { ErrorCode } from "../contract/errors.ts";

/** Codes of the model router, as clients of the reference project know them, with the table row each belongs to. */
const rows = {
  model_not_found: "model_not_found",
  model_authorization_denied: "model_not_allowed",
  model_not_allowed: "model_not_allowed",
  request_body_too_large: "body_too_large",
  invalid_request_body: "invalid_request",
  missing_model: "invalid_request",
  invalid_model: "invalid_request",
  request_body_decode_failed: "invalid_request",
  unsupported_conversion: "unsupported_conversion",
} as const satisfies Record<string, ErrorCode>;

export type LlmErrorCode = keyof typeof rows;

/**
 * A refusal in the shape that LLM clients parse: `{"error": {"message", "type": "invalid_request_error", "code"}}`.
 * @param message for the caller; names what to change, never a secret
 */
export function llmError(code: LlmErrorCode, message: string, cause?: unknown): GatewayError {
  const text = JSON.stringify({ error: { message, type: "invalid_request_error", code } });
  return new GatewayError(rows[code], { detail: message, body: { contentType: "application/json", text }, cause });
}
