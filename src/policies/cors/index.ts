import type { HeaderList } from "../../base/headers.ts";
import { definePolicy } from "../../contract/policy.ts";
import { Reply } from "../../contract/reply.ts";
import { type CorsConfig, corsConfig } from "./config.ts";
import { compileOrigins } from "./origin.ts";

/**
 * The CORS protocol (https://fetch.spec.whatwg.org/#http-cors-protocol). The gateway answers every OPTIONS request of an
 * allowed origin itself, before any authentication: browsers send preflights without credentials. On other requests the
 * fields are put on the final reply, so that a page can read error replies too.
 */
export const cors = definePolicy<CorsConfig>({
  name: "cors",
  config: corsConfig,
  compile(config, { warn }) {
    if (config.allowCredentials && config.allowOrigins.includes("*")) {
      warn('allowOrigins "*" together with allowCredentials lets any web site use the credentials of whoever visits it');
    }
    const allows = compileOrigins(config.allowOrigins, warn);
    const always = fixedFields(config);
    const methods = compileOffer(config.allowMethods, config.allowCredentials);
    const headers = compileOffer(config.allowHeaders, config.allowCredentials);
    const maxAge = config.maxAge === undefined ? undefined : String(Math.floor(config.maxAge / 1000));

    return (exchange, next) => {
      const { method, headers: sent } = exchange.request;
      const origin = sent.get("origin");
      if (origin === undefined) return next();
      if (!allows(origin)) {
        const preflight = method === "OPTIONS" && sent.has("access-control-request-method");
        if (!preflight) return next();
        exchange.reason = "DirectResponse";
        return new Reply(200);
      }
      exchange.originAllowed = true;
      if (method === "OPTIONS") {
        const reply = new Reply(200);
        addFields(reply.headers, origin, always);
        const offeredMethods = methods(sent.get("access-control-request-method"));
        if (offeredMethods !== undefined) reply.headers.add("access-control-allow-methods", offeredMethods);
        const offeredHeaders = headers(sent.get("access-control-request-headers"));
        if (offeredHeaders !== undefined) reply.headers.add("access-control-allow-headers", offeredHeaders);
        if (maxAge !== undefined) reply.headers.add("access-control-max-age", maxAge);
        exchange.reason = "DirectResponse";
        return reply;
      }
      return next().then((reply) => {
        addFields(reply.headers, origin, always);
        return reply;
      });
    };
  },
});

type Fields = readonly (readonly [name: string, value: string])[];

function fixedFields(config: CorsConfig): Fields {
  const fields: [string, string][] = [];
  if (config.allowCredentials) fields.push(["access-control-allow-credentials", "true"]);
  if (config.exposeHeaders.length > 0) fields.push(["access-control-expose-headers", listOrStar(config.exposeHeaders)]);
  return fields;
}

/** The origin is echoed even for `*`, so caches must be told that the reply depends on it (Fetch, "CORS and HTTP caches"). */
function addFields(headers: HeaderList, origin: string, always: Fields): void {
  headers.set("access-control-allow-origin", origin);
  for (const [name, value] of always) headers.set(name, value);
  if (!variesByOrigin(headers)) headers.add("vary", "Origin");
}

function variesByOrigin(headers: HeaderList): boolean {
  const vary = headers.get("vary");
  return vary !== undefined && /(?:^|[\s,])(?:origin|\*)(?:$|[\s,])/i.test(vary);
}

function listOrStar(values: readonly string[]): string {
  return values.includes("*") ? "*" : values.join(",");
}

/** What a preflight is offered: the list, or for `*` what it asked for, since browsers do not take `*` with credentials. */
function compileOffer(values: readonly string[], credentials: boolean): (asked: string | undefined) => string | undefined {
  if (values.length === 0) return () => undefined;
  if (!values.includes("*")) {
    const list = values.join(",");
    return () => list;
  }
  const star = credentials ? undefined : "*";
  return (asked) => normaliseList(asked) ?? star;
}

function normaliseList(asked: string | undefined): string | undefined {
  if (asked === undefined) return undefined;
  const names = asked
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.length === 0 ? undefined : names.join(", ");
}
