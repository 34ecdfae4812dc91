import type { JsonObject } from "../base/json.ts";
import type { LlmCall, LlmParams, LlmUsage } from "../contract/llm.ts";
import type { ApiType } from "./api-paths.ts";
import type { Format } from "./format.ts";
import { RequestEdits } from "./request-edits.ts";

/** A request once it is read. */
export interface DecodedRequest {
  readonly type: ApiType;
  /** Undefined for requests that are passed on untyped. */
  readonly format: Format | undefined;
  /** The path as the client sent it. */
  readonly path: string;
  /** The body, its Content-Encoding undone; undefined when nobody had to read it. */
  readonly bytes: Buffer | undefined;
  /** What `bytes` parse to; empty when they are no JSON object, or were not read. */
  readonly body: JsonObject;
  /** The model named in the path. */
  readonly pathModel: string | undefined;
  /** The model that the client asks for, wherever it stood; "" when nothing says. */
  readonly model: string;
}

/** An LLM call with the parts of it that only this folder needs. */
export class DecodedCall implements LlmCall {
  provider = "";
  operation: string;
  requestModel: string;
  clientModel: string;
  responseModel?: string;
  streaming = false;
  request: JsonObject;
  params: LlmParams = {};
  usage: LlmUsage = {};
  firstTokenAt?: number;
  completion?: string[];

  readonly decoded: DecodedRequest;
  /** Whoever decoded it: a backend decodes again what another one did. */
  readonly owner: object;

  constructor(decoded: DecodedRequest, owner: object) {
    const { format, bytes, body, pathModel, path } = decoded;
    this.operation = format?.operation ?? "chat";
    this.requestModel = decoded.model;
    this.clientModel = decoded.model;
    // expressions find the model in one place, whether the client put it into the body or into the path
    this.request = pathModel === undefined || "model" in body ? body : { ...body, model: pathModel };
    this.decoded = decoded;
    this.owner = owner;
    if (format === undefined || bytes === undefined) return;
    const facts = format.readRequest(new RequestEdits(body, bytes), path);
    this.streaming = facts.streaming;
    this.params = facts.params;
  }
}
