import { isJsonObject, type JsonObject, objectIn } from "../../../base/json.ts";

/** Reserved keys of `_meta` (specification 2026-07-28, "General fields: _meta"). */
export const metaKeys = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
} as const;

/** What a request says of the client that sends it. */
export interface Envelope {
  readonly clientCapabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  /** The least severe log messages that the client wants with its reply; none when absent. */
  readonly logLevel: string | undefined;
}

/** The revision that a request claims in its body. */
export function versionInMeta(params: JsonObject | undefined): string | undefined {
  const version = params === undefined ? undefined : objectIn(params, "_meta")[metaKeys.protocolVersion];
  return typeof version === "string" ? version : undefined;
}

/** Capabilities that are missing are none: whether that is forgiven is the server's business. */
export function readEnvelope(params: JsonObject | undefined): Envelope {
  const meta = params === undefined ? {} : objectIn(params, "_meta");
  const info = meta[metaKeys.clientInfo];
  const level = meta[metaKeys.logLevel];
  return {
    clientCapabilities: objectIn(meta, metaKeys.clientCapabilities),
    clientInfo: isJsonObject(info) ? info : undefined,
    logLevel: typeof level === "string" ? level : undefined,
  };
}
