import { hash } from "node:crypto";
import { GatewayError } from "../../contract/errors.ts";
import { definePolicy } from "../../contract/policy.ts";
import { compileCredentialSource } from "../credential-location.ts";
import { afterBody } from "../expressions.ts";
import { type ApiKeyConfig, apiKeyConfig } from "./config.ts";

interface Holder {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly allowedModels: readonly string[] | undefined;
}

/**
 * Identifies callers by a key. In memory are only SHA-256 digests, and a request's key is looked up by its digest: what
 * the time of a lookup gives away is about the digest, from which nobody gets back to a key.
 */
export const apiKey = definePolicy<ApiKeyConfig>({
  name: "apiKey",
  config: apiKeyConfig,
  compile(config, { warn }) {
    const holders = new Map(config.keys.map((entry) => [digestOf(entry), holderOf(entry, warn)]));
    const source = compileCredentialSource(config.location);
    const { mode } = config;
    return afterBody(source.reads, (exchange, next) => {
      const key = source.find(exchange);
      if (key === undefined) {
        if (mode === "strict") throw new GatewayError("api_key_invalid", { detail: "no API Key found" });
        return next();
      }
      const holder = holders.get(hash("sha256", key, "hex"));
      if (holder === undefined) {
        if (mode === "permissive") return next();
        throw new GatewayError("api_key_invalid", { detail: "invalid credentials" });
      }
      const { metadata, allowedModels } = holder;
      exchange.identity.apiKey = allowedModels === undefined ? { metadata, key } : { metadata, key, allowedModels };
      source.remove(exchange);
      return next();
    });
  },
});

type Entry = ApiKeyConfig["keys"][number];

function digestOf(entry: Entry): string {
  return entry.kind === "key" ? hash("sha256", entry.key, "hex") : entry.keyHash.slice("sha256:".length).toLowerCase();
}

function holderOf({ metadata, allowedModels }: Entry, warn: (message: string) => void): Holder {
  const isMap = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isMap && metadata !== undefined && metadata !== null) warn("`metadata` of a key is no map, so that expressions see nothing of it");
  return { metadata: isMap ? (metadata as Readonly<Record<string, unknown>>) : {}, allowedModels };
}
