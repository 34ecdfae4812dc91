import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { spliceJsonMembers } from "../../base/json-members.ts";
import { insertMembers, JsonView, replace, splice } from "../json-view.ts";
import { parseObject } from "../message.ts";
import { metaKeys } from "../wire/2026-07-28/envelope.ts";

/** Requests and responses of the one era in the words of the other. What means the same in both stays as it came. */

/** Members of `params` that only requests without sessions have. */
const retryMembers = ["inputResponses", "requestState"];
const envelopeKeys = [metaKeys.protocolVersion, metaKeys.clientCapabilities, metaKeys.clientInfo, metaKeys.logLevel];
/** Members of a `result` that only they have. */
const statelessMembers = ["resultType", "ttlMs", "cacheScope"];
/** Results that may be cached, by method. */
const cacheable = new Set([
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "server/discover",
]);

/** A request for a server with sessions: it knows the client by its greeting. */
export function toSessionRequest(bytes: Buffer): Buffer {
  const params = new JsonView(bytes).member("params");
  if (params?.isObject !== true) return bytes;
  const meta = params.member("_meta");
  let text = withoutMembers(params.bytes, retryMembers);
  if (meta?.isObject === true) {
    const rest = withoutMembers(meta.bytes, envelopeKeys);
    const kept = new JsonView(rest).isEmptyObject ? undefined : rest.toString();
    text = spliceJsonMembers(text, new Map([["_meta", kept]]));
  }
  return splice(bytes, [replace(params, text.toString())]);
}

/** The envelope that a request without a session carries. @param envelope members of `_meta`, JSON text by key */
export function toStatelessRequest(bytes: Buffer, envelope: ReadonlyMap<string, string>): Buffer {
  const params = new JsonView(bytes).member("params");
  const meta = params?.member("_meta");
  const newMeta = spliceJsonMembers(meta?.isObject === true ? meta.bytes : emptyObject, envelope);
  const newParams = spliceJsonMembers(
    params?.isObject === true ? params.bytes : emptyObject,
    new Map([["_meta", newMeta.toString()]]),
  ).toString();
  return params === undefined ? spliceJsonMembers(bytes, new Map([["params", newParams]])) : splice(bytes, [replace(params, newParams)]);
}

/** A response of a server with sessions, for a client without one. */
export function toStatelessResponse(method: string | undefined, bytes: Buffer): Buffer {
  const message = new JsonView(bytes);
  const result = message.member("result");
  if (result !== undefined) {
    if (!result.isObject || result.member("resultType") !== undefined) return bytes;
    const hints = cacheable.has(method ?? "") ? ',"ttlMs":0,"cacheScope":"private"' : "";
    return splice(bytes, [insertMembers(result, `"resultType":"complete"${hints}`)]);
  }
  const code = message.member("error")?.member("code");
  // "resource not found" has become an error of the parameters
  return code?.bytes.toString() === "-32002" ? splice(bytes, [replace(code, "-32602")]) : bytes;
}

/**
 * A response of a server without sessions, for a client that has one. Structured content was always an object until
 * 2025-11-25: where it is anything else, such a client would refuse the result, or the whole list.
 */
export function toSessionResponse(method: string | undefined, bytes: Buffer): Buffer {
  const result = new JsonView(bytes).member("result");
  if (result?.isObject !== true) return bytes;
  let text = result.bytes;
  if (method === "tools/list") text = withObjectSchemas(text);
  const isOther = method === "tools/call" && new JsonView(text).member("structuredContent")?.isObject === false;
  return splice(bytes, [
    replace(result, withoutMembers(text, isOther ? [...statelessMembers, "structuredContent"] : statelessMembers).toString()),
  ]);
}

/** The list without what tools say of results that are no objects. */
function withObjectSchemas(list: Buffer): Buffer {
  const others = (new JsonView(list).member("tools")?.elements() ?? []).filter((tool) => {
    const schema = tool.member("outputSchema");
    return schema !== undefined && parseObject(schema.bytes)?.["type"] !== "object";
  });
  return splice(
    list,
    others.map((tool) => replace(tool, withoutMembers(tool.bytes, ["outputSchema"]).toString())),
  );
}

/** What a server asks for before it goes on (specification 2026-07-28, "Multi Round-Trip Requests"). */
export interface InputRequired {
  readonly requests: ReadonlyMap<string, { readonly method: string; readonly params: Buffer }>;
  readonly requestState: string | undefined;
}

/** undefined for a response that is final. */
export function readInputRequired(bytes: Buffer): InputRequired | undefined {
  if (!bytes.includes(inputRequired)) return undefined;
  const result = parseObject(bytes)?.["result"];
  if (!isJsonObject(result) || result["resultType"] !== "input_required") return undefined;
  const asked = isJsonObject(result["inputRequests"]) ? result["inputRequests"] : {};
  const views = new JsonView(bytes).member("result")?.member("inputRequests");
  const requests = new Map<string, { method: string; params: Buffer }>();
  for (const [key, request] of Object.entries(asked)) {
    const method = isJsonObject(request) ? (request as JsonObject)["method"] : undefined;
    const params = views?.member(key)?.member("params")?.bytes ?? Buffer.from("{}");
    if (typeof method === "string") requests.set(key, { method, params });
  }
  const state = result["requestState"];
  return { requests, requestState: typeof state === "string" ? state : undefined };
}

export function withoutMembers(object: Buffer, names: readonly string[]): Buffer {
  return spliceJsonMembers(object, new Map(names.map((name) => [name, undefined])));
}

const emptyObject = Buffer.from("{}");
const inputRequired = Buffer.from('"input_required"');
