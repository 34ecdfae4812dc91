import { isJsonObject, type JsonObject } from "../base/json.ts";
import { jsonMembers } from "../base/json-members.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { ApiType } from "./api-paths.ts";
import type { DecodedRequest } from "./call.ts";
import { isIdentity } from "../base/content-encoding.ts";
import { decodeRequestContent } from "./content-encoding.ts";
import { llmError } from "./errors.ts";
import { formatOf } from "./formats/index.ts";
import { modelInPath } from "./model-in-path.ts";
import { multipartBoundary, multipartFields } from "./multipart.ts";

/** Longest model name taken from a client: it becomes a metric label. */
const maxModelLength = 256;
/** Vertex AI counts Claude's tokens at a model of this name; the model meant is in the body. */
const countTokensModel = "count-tokens";
const modelKey = Buffer.from('"model"');
const escapedAscii = Buffer.from("\\u00");

/**
 * Reads a request of a known type: undoes its Content-Encoding, parses it and finds the model, in the path, in a form
 * field or in the JSON body, in this order.
 * @param needsModel whether a request that names no model is refused, or may leave the choice to the configuration
 * @throws GatewayError with the router's codes; see errors.ts
 */
export async function decodeRequest(exchange: Exchange, pathType: ApiType, needsModel: boolean): Promise<DecodedRequest> {
  const { path } = exchange.request;
  let pathModel = modelInPath(path);
  let type = pathType;
  if (pathModel === countTokensModel) {
    pathModel = undefined;
    type = "anthropicTokenCount";
  }
  const format = formatOf(type);
  format?.checkRequest?.(exchange.request);
  const bytes = await plainBody(exchange);
  const boundary = format === undefined ? multipartBoundary(exchange.request.headers.get("content-type")) : undefined;
  const body = boundary === undefined ? parseBody(bytes, format === undefined && (pathModel !== undefined || !needsModel)) : {};
  const named = pathModel ?? (boundary === undefined ? bodyModel(body, bytes) : formModel(bytes, boundary));
  if (named === undefined && needsModel) throw llmError("missing_model", "the request has no `model`");
  return { type, format, path, bytes, body, pathModel, model: checkedModel(named) };
}

/** A request that nobody has to look at; its body stays unread. */
export function undecodedRequest(exchange: Exchange, type: ApiType): DecodedRequest {
  return { type, format: undefined, path: exchange.request.path, bytes: undefined, body: {}, pathModel: undefined, model: "" };
}

/** The whole body without its Content-Encoding; what later stages see is the same. */
async function plainBody(exchange: Exchange): Promise<Buffer> {
  const { maxBufferSize } = exchange.limits;
  const bytes = await collect(exchange, maxBufferSize);
  const encoding = exchange.request.headers.get("content-encoding");
  if (encoding === undefined || isIdentity(encoding)) return bytes;
  const plain = await decodeRequestContent(bytes, encoding, maxBufferSize);
  exchange.body.replace(plain);
  exchange.editHeaders().remove("content-encoding");
  return plain;
}

async function collect(exchange: Exchange, limit: number): Promise<Buffer> {
  try {
    return exchange.body.collected ?? (await exchange.body.collect(limit));
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== "body_too_large") throw thrown;
    throw llmError("request_body_too_large", `the body exceeds ${limit} bytes (frontendPolicies.http.maxBufferSize)`);
  }
}

/** @param optional whether something that is no JSON object may stand there, as it is passed on untyped */
function parseBody(bytes: Buffer, optional: boolean): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    value = undefined;
  }
  if (isJsonObject(value)) return value;
  if (optional) return {};
  throw llmError("invalid_request_body", bytes.length === 0 ? "the request has no body" : "the body is not a JSON object");
}

/** The name, if it is one; "" when there is none. */
function checkedModel(model: unknown): string {
  if (model === undefined) return "";
  if (typeof model === "string" && model !== "" && model.length <= maxModelLength) return model;
  throw llmError("invalid_model", `\`model\` must be a string of 1 to ${maxModelLength} characters`);
}

function bodyModel(body: JsonObject, bytes: Buffer): unknown {
  const { model } = body;
  if (model !== undefined) refuseTwoModels(body, bytes);
  return model;
}

/**
 * A body that names two models, by repeating the key or by writing it `Model` too, is refused: the provider may take the
 * one that was not checked here. The search for a repeated key is only made when the bytes could hide one.
 */
function refuseTwoModels(body: JsonObject, bytes: Buffer): void {
  let twice = false;
  for (const name in body) if (name.length === 5 && name !== "model" && name.toLowerCase() === "model") twice = true;
  const first = bytes.indexOf(modelKey);
  if (!twice && (bytes.indexOf(modelKey, first + 1) !== -1 || bytes.includes(escapedAscii))) {
    twice = jsonMembers(bytes).filter(({ name }) => name === "model").length > 1;
  }
  if (twice) throw llmError("invalid_request_body", "the body names more than one `model`");
}

function formModel(bytes: Buffer, boundary: string): string | undefined {
  const models = multipartFields(bytes, boundary, "model");
  if (models === undefined) throw llmError("invalid_request_body", "the body is not a form that can be read");
  if (models.length > 1) throw llmError("invalid_request_body", "the form names more than one `model`");
  return models[0];
}
