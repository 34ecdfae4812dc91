import { redactQuery, redactSecrets } from "../base/redact.ts";
import type { Exchange } from "../contract/exchange.ts";
import { durationOf, failureOf, firstTokenDelay, mcpSubject, mcpTarget, protocolOf, reasonOf, timePerOutputToken } from "./reading.ts";

/** A field of the access log and attribute of the request's span; undefined = the exchange has no such value. */
export interface StandardField {
  readonly name: string;
  readonly read: (exchange: Exchange) => string | number | undefined;
}

/** Fields that only some exchanges have; the others are spared the look. */
export interface FieldGroup {
  readonly applies: (exchange: Exchange) => boolean;
  readonly fields: readonly StandardField[];
}

const field = (name: string, read: StandardField["read"]): StandardField => ({ name, read });

const request: FieldGroup = {
  applies: () => true,
  fields: [
    field("gateway", ({ listener }) => listener.gateway),
    field("listener", ({ listener }) => listener.listener),
    field("route_rule", ({ route }) => route?.routeRule),
    field("route", ({ route }) => route?.route),
    field("endpoint", ({ attempts }) => attempts.at(-1)?.endpoint),
    field("src.addr", ({ connection }) => address(connection.remoteAddress, connection.remotePort)),
    field("src.identity", ({ connection }) => workloadIdentity(connection.tls?.subjectAltNames)),
    field("http.method", ({ incoming }) => incoming.method),
    field("http.host", ({ incoming }) => incoming.authority),
    field("http.path", ({ incoming }) => (incoming.search === "" ? incoming.path : incoming.path + redactQuery(incoming.search))),
    field("http.version", ({ httpVersion }) => `HTTP/${httpVersion}`),
    field("http.status", ({ status }) => (status === 0 ? undefined : status)),
    field("grpc.status", grpcStatus),
    field("trace.id", ({ trace }) => trace?.traceId),
    field("span.id", ({ trace }) => (trace?.sampled === true ? trace.spanId : undefined)),
    field("jwt.sub", ({ identity }) => text(identity.jwt?.claims["sub"])),
    field("protocol", protocolOf),
  ],
};

const mcp: FieldGroup = {
  applies: (exchange) => exchange.mcp !== undefined,
  fields: [
    field("mcp.method.name", ({ mcp }) => mcp?.methodName),
    field("mcp.target", ({ mcp }) => mcp && mcpTarget(mcp)),
    field("mcp.resource.type", ({ mcp }) => mcp && mcpSubject(mcp)?.type),
    field("mcp.resource.uri", ({ mcp }) => mcp?.resource && redactSecrets(mcp.resource.name)),
    field("gen_ai.tool.name", ({ mcp }) => mcp?.tool?.name),
    field("gen_ai.prompt.name", ({ mcp }) => mcp?.prompt?.name),
    field("mcp.session.id", ({ mcp }) => mcp?.sessionId),
    field("mcp.error.code", ({ mcp }) => mcp?.error?.code),
    field("mcp.error.message", ({ mcp }) => mcp?.error && redactSecrets(mcp.error.message)),
  ],
};

const llm: FieldGroup = {
  applies: (exchange) => exchange.llm !== undefined,
  fields: [
    field("gen_ai.operation.name", ({ llm }) => llm?.operation),
    field("gen_ai.provider.name", ({ llm }) => llm?.provider),
    field("gen_ai.request.model", ({ llm }) => llm?.requestModel),
    field("gen_ai.response.model", ({ llm }) => llm?.responseModel),
    field("gen_ai.usage.input_tokens", ({ llm }) => llm?.usage.inputTokens),
    field("gen_ai.usage.cache_creation.input_tokens", ({ llm }) => llm?.usage.cacheCreationInputTokens),
    field("gen_ai.usage.cache_read.input_tokens", ({ llm }) => llm?.usage.cachedInputTokens),
    field("gen_ai.usage.output_tokens", ({ llm }) => llm?.usage.outputTokens),
    field("gen_ai.usage.reasoning_tokens", ({ llm }) => llm?.usage.reasoningTokens),
    field("agw.ai.time_to_first_token", (exchange) => seconds(firstTokenDelay(exchange))),
    field("agw.ai.time_per_output_token", (exchange) => seconds(timePerOutputToken(exchange))),
    field("gen_ai.usage.output_image_tokens", ({ llm }) => llm?.usage.outputImageTokens),
    field("gen_ai.usage.input_audio_tokens", ({ llm }) => llm?.usage.inputAudioTokens),
    field("gen_ai.usage.output_audio_tokens", ({ llm }) => llm?.usage.outputAudioTokens),
    field("gen_ai.request.temperature", ({ llm }) => llm?.params.temperature),
    field("gen_ai.embeddings.dimension.count", ({ llm }) => llm?.params.dimensions),
    field("gen_ai.request.encoding_formats", ({ llm }) => llm?.params.encoding_format),
    field("gen_ai.request.top_p", ({ llm }) => llm?.params.top_p),
    field("gen_ai.request.max_tokens", ({ llm }) => llm?.params.max_tokens),
    field("gen_ai.request.frequency_penalty", ({ llm }) => llm?.params.frequency_penalty),
    field("gen_ai.request.presence_penalty", ({ llm }) => llm?.params.presence_penalty),
    field("gen_ai.request.seed", ({ llm }) => llm?.params.seed),
  ],
};

const outcome: FieldGroup = {
  applies: () => true,
  fields: [
    field("retry.attempt", ({ attempts }) => (attempts.length > 1 ? attempts.length - 1 : undefined)),
    field("error", (exchange) => failureText(exchange)),
    field("reason", (exchange) => exceptUpstream(reasonOf(exchange))),
    field("duration", (exchange) => `${Math.floor(durationOf(exchange))}ms`),
  ],
};

/** Every field in the order of the reference project's access log, less those that the configuration removes or replaces. */
export function standardFields(without: ReadonlySet<string>): FieldGroup[] {
  return [request, mcp, llm, outcome].map(({ applies, fields }) => ({ applies, fields: fields.filter(({ name }) => !without.has(name)) }));
}

/** What went wrong, for log and span; undefined when nothing did. */
export function failureText(exchange: Exchange): string | undefined {
  const failure = failureOf(exchange);
  return failure === undefined ? undefined : redactSecrets(failure.message);
}

function exceptUpstream(reason: string): string | undefined {
  return reason === "Upstream" ? undefined : reason;
}

function address(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The SPIFFE id of a client certificate, as node writes alternative names: `URI:spiffe://...`. */
function workloadIdentity(names: readonly string[] | undefined): string | undefined {
  return names?.find((name) => name.startsWith("URI:spiffe://"))?.slice("URI:".length);
}

function grpcStatus({ responseHeaders }: Exchange): number | undefined {
  const status = responseHeaders?.get("grpc-status");
  return status !== undefined && /^\d{1,2}$/.test(status) ? Number(status) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 1_000) / 1_000_000;
}
