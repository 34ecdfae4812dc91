import { ContentEncodingError, decodeContent } from "../base/content-encoding.ts";
import { llmError } from "./errors.ts";

/**
 * A request's body without its Content-Encoding.
 * @param limit bytes of output
 * @throws GatewayError `request_body_too_large` or `request_body_decode_failed`
 */
export async function decodeRequestContent(bytes: Buffer, contentEncoding: string, limit: number): Promise<Buffer> {
  try {
    return await decodeContent(bytes, contentEncoding, limit);
  } catch (cause) {
    if (!(cause instanceof ContentEncodingError)) throw cause;
    throw llmError(cause.reason === "too_large" ? "request_body_too_large" : "request_body_decode_failed", cause.message, cause);
  }
}
