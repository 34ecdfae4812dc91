import type { Exchange } from "../contract/exchange.ts";
import type { Reply } from "../contract/reply.ts";
import type { CompileContext, CompiledBackend } from "../contract/runtime.ts";
import type { BodyChanges } from "./body-changes.ts";
import type { DecodedCall, DecodedRequest } from "./call.ts";
import { detect } from "./detect.ts";
import { askForPlainReply, compileEndpoint, type Endpoint, type EndpointSettings } from "./endpoint.ts";
import { llmError } from "./errors.ts";
import type { Format } from "./format.ts";
import { meterReply } from "./meter.ts";
import type { ProviderCall } from "./provider.ts";
import { RequestEdits } from "./request-edits.ts";

export interface LlmBackendSettings extends EndpointSettings {
  readonly changes: BodyChanges;
}

/** A provider as the target of decoded calls. `decode` gives the call of an exchange, read anew if need be. */
export function compileLlmBackend(
  settings: LlmBackendSettings,
  context: CompileContext,
  decode: (exchange: Exchange) => Promise<DecodedCall>,
): CompiledBackend {
  const { clock } = context;
  const endpoint = compileEndpoint(settings, context);

  return {
    name: settings.name,
    async call(exchange: Exchange): Promise<Reply> {
      const call = await decode(exchange);
      call.provider = endpoint.provider.telemetryName;
      const { format, bytes } = call.decoded;
      const limit = exchange.limits.maxBufferSize;
      if (format !== undefined && bytes !== undefined) {
        const outgoing = typedRequest(exchange, call, { endpoint, changes: settings.changes, format, bytes });
        askForPlainReply(outgoing);
        return meterReply(await endpoint.send(outgoing), call, { reader: format, clock, limit });
      }
      const outgoing = endpoint.untypedOutgoing(exchange, bytes ?? unreadBody(exchange));
      if (call.decoded.type !== "detect") return endpoint.send(outgoing);
      askForPlainReply(outgoing);
      return meterReply(await endpoint.send(outgoing), call, { reader: detect, clock, limit });
    },
  };
}

interface TypedParts {
  readonly endpoint: Endpoint;
  readonly changes: BodyChanges;
  readonly format: Format;
  readonly bytes: Buffer;
}

/** The request as the provider is to get it. The call then says what was really asked for. */
function typedRequest(exchange: Exchange, call: DecodedCall, { endpoint, changes, format, bytes }: TypedParts) {
  const { decoded } = call;
  const { provider } = endpoint;
  const request = new RequestEdits(decoded.body, bytes);
  const model = changes(request, exchange, decoded.pathModel);
  if (!provider.formats(model).includes(format.name)) throw unsupported(endpoint, model, decoded);
  const { streaming } = format.readRequest(request, decoded.path);
  if (format.modelIn === "path") request.restore("model");
  const providerCall: ProviderCall = { format: format.name, model, streaming };
  format.prepareRequest?.(request, streaming);
  provider.adaptRequest?.(request, providerCall);
  call.requestModel = model;
  call.streaming = streaming;
  return endpoint.outgoing(exchange, providerCall, request.toBytes());
}

function unsupported({ provider }: Endpoint, model: string, { type }: DecodedRequest) {
  const spoken = provider.formats(model);
  const offer = spoken.length === 0 ? "nothing that this gateway converts to" : spoken.join(", ");
  return llmError(
    "unsupported_conversion",
    `a ${type} request cannot go to provider ${provider.telemetryName} for model ${JSON.stringify(model)}, which takes ${offer}`,
  );
}

/** Passed on without having been read: as a stream, unless something else collected it. */
function unreadBody({ body }: Exchange) {
  if (body.collected !== undefined) return body.collected;
  return body.length === 0 ? null : body.stream();
}
