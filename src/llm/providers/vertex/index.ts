import { defineProvider, type Provider, type ProviderCall } from "../../provider.ts";
import type { FormatName } from "../../format.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { removeCacheScopes } from "./cache-scope.ts";

export interface VertexSettings {
  readonly projectId: string;
  /** `global` when absent; `us` and `eu` are multi-regions. */
  readonly region?: string | undefined;
}

/** Google Vertex AI: Gemini, Claude and, in OpenAI's shape, other models of its garden. */
export const vertex = defineProvider({
  name: "vertex",
  fromParams({ vertexProject, vertexRegion }) {
    if (vertexProject === undefined) throw new Error("provider vertex needs `params.vertexProject`");
    return vertexProvider({ projectId: vertexProject, region: vertexRegion });
  },
});

export function vertexProvider({ projectId, region = "global" }: VertexSettings): Provider {
  const location = `/projects/${encodeURIComponent(projectId)}/locations/${encodeURIComponent(region)}`;
  return {
    telemetryName: "gcp.vertex_ai",
    address: { host: hostOf(region), port: 443 },
    tls: true,
    pathPrefix: "/v1",
    formats: formatsOf,
    path: (call, prefix) => prefix + location + endpoint(call),
    search: ({ format }, search) => (format === "messages" || format === "anthropicTokenCount" ? withoutBeta(search) : search),
    adaptRequest,
    defaultAuth: { kind: "gcp", gcp: { type: "accessToken" } },
  };
}

function hostOf(region: string): string {
  if (region === "global") return "aiplatform.googleapis.com";
  if (region === "us" || region === "eu") return `aiplatform.${region}.rep.googleapis.com`;
  return `${region}-aiplatform.googleapis.com`;
}

const claudeFormats: readonly FormatName[] = ["messages", "anthropicTokenCount"];
const geminiFormats: readonly FormatName[] = ["generateContent", "geminiCountTokens", "completions"];
const otherFormats: readonly FormatName[] = ["completions"];

function formatsOf(model: string): readonly FormatName[] {
  const name = bareName(model);
  if (name.startsWith("claude")) return claudeFormats;
  return name.startsWith("gemini") ? geminiFormats : otherFormats;
}

/** The model's own name, of `publishers/google/models/x`, `anthropic/x` or `google/x` too. */
function bareName(model: string): string {
  return model.replace(/^(?:publishers\/[^/]+\/models\/|anthropic\/|google\/)/, "");
}

/** Vertex AI writes the date of a Claude model after an @: `claude-opus-4-5@20251101`. */
function claudeName(model: string): string {
  return bareName(model).replace(/-(\d{8})$/, "@$1");
}

function endpoint({ format, model, streaming }: ProviderCall): string {
  switch (format) {
    case "messages":
      return `/publishers/anthropic/models/${segment(claudeName(model))}:${streaming ? "streamRawPredict" : "rawPredict"}`;
    case "anthropicTokenCount":
      return "/publishers/anthropic/models/count-tokens:rawPredict";
    case "generateContent":
      return `/publishers/google/models/${segment(bareName(model))}:${streaming ? "streamGenerateContent" : "generateContent"}`;
    case "geminiCountTokens":
      return `/publishers/google/models/${segment(bareName(model))}:countTokens`;
    case "completions":
    case "responses":
    case "embeddings":
    case "rerank": // of these only completions is among the formats above
      return "/endpoints/openapi/chat/completions";
  }
}

/** A path segment in which "@" stays readable, as Google writes it. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll("%40", "@");
}

function adaptRequest(request: RequestEdits, { format, model }: ProviderCall): void {
  if (format === "messages") {
    request.remove("model");
    request.set("anthropic_version", "vertex-2023-10-16");
    request.remove("output_format");
    removeCacheScopes(request);
  } else if (format === "anthropicTokenCount") {
    request.set("model", claudeName(model));
    removeCacheScopes(request);
  } else if (format === "completions" && !model.includes("/")) {
    request.set("model", `google/${model}`); // the OpenAI-shaped endpoint wants the publisher too
  }
}

/** Anthropic's `?beta=true` is a parameter that Google does not know and refuses. */
function withoutBeta(search: string): string {
  if (!search.includes("beta=")) return search;
  const kept = search
    .slice(1)
    .split("&")
    .filter((pair) => !pair.startsWith("beta="));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}
