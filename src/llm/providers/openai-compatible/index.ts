import type { FormatName } from "../../format.ts";
import type { Provider, ProviderCall } from "../../provider.ts";

/**
 * What providers have in common that serve OpenAI's paths, or the usual path of another vendor's shape: used by openai,
 * custom and the presets.
 */

/** Where servers keep each endpoint, below a prefix such as `/v1`. */
function usualPath({ format, model, streaming }: ProviderCall): string {
  switch (format) {
    case "completions":
      return "/chat/completions";
    case "responses":
      return "/responses";
    case "embeddings":
      return "/embeddings";
    case "messages":
      return "/messages";
    case "anthropicTokenCount":
      return "/messages/count_tokens";
    case "rerank":
      return "/rerank";
    case "generateContent":
      return `/models/${encodeURIComponent(model)}:${streaming ? "streamGenerateContent" : "generateContent"}`;
    case "geminiCountTokens":
      return `/models/${encodeURIComponent(model)}:countTokens`;
  }
}

/** One endpoint of a server: its shape, and its path where that is not the usual one. */
export interface FormatEntry {
  readonly type: FormatName;
  /** The whole path: a prefix does not go before it. */
  readonly path?: string | undefined;
}

export interface CompatibleSettings {
  readonly telemetryName: string;
  /** Scheme, host and path prefix, e.g. `https://api.example.com/v1`. Without a path the prefix is `/v1`. */
  readonly baseUrl: string;
  readonly formats: readonly FormatEntry[];
}

/** A provider described by its base URL and endpoints. */
export function compatibleProvider(settings: CompatibleSettings): Provider {
  const { host, port, tls, pathPrefix } = readBaseUrl(settings.baseUrl);
  const names = settings.formats.map(({ type }) => type);
  const paths = new Map(settings.formats.map(({ type, path }) => [type, path]));
  return {
    telemetryName: settings.telemetryName,
    address: { host, port },
    tls,
    pathPrefix: pathPrefix ?? "/v1",
    formats: () => names,
    path: (call, prefix) => paths.get(call.format) ?? prefix + usualPath(call),
  };
}

export interface BaseUrl {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Without a slash at the end; undefined when the URL has no path. */
  readonly pathPrefix: string | undefined;
}

/** @param text an http or https URL without query, fragment and user information (the schema has checked that) */
export function readBaseUrl(text: string): BaseUrl {
  const url = new URL(text);
  const tls = url.protocol === "https:";
  const path = url.pathname.replace(/\/+$/, "");
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    tls,
    pathPrefix: path === "" ? undefined : path,
  };
}
