import type { Exchange } from "../../contract/exchange.ts";
import { HeaderList } from "../../base/headers.ts";
import { Reply } from "../../contract/reply.ts";
import { openTo } from "./replies.ts";

/** Where a resource describes itself: RFC 9728 section 3. The resource's own path, if any, follows. */
export const protectedResourcePath = "/.well-known/oauth-protected-resource";
/** Where an authorization server describes itself: RFC 8414 section 3. */
export const authorizationServerPath = "/.well-known/oauth-authorization-server";

/** Whether a path is the well-known one or lies below it. */
export function isBelow(path: string, wellKnown: string): boolean {
  return path.startsWith(wellKnown) && (path.length === wellKnown.length || path[wellKnown.length] === "/");
}

/** Scheme, host and port by which the client reached us; a TLS terminator in front says its scheme in X-Forwarded-Proto. */
export function originOf({ incoming }: Exchange): string {
  const forwarded = incoming.headers.get("x-forwarded-proto")?.split(",", 1)[0]?.trim().toLowerCase();
  const scheme = forwarded === "https" || forwarded === "http" ? forwarded : incoming.scheme;
  return `${scheme}://${incoming.authority}`;
}

/**
 * The protected resource's description (RFC 9728 section 2) as JSON: what is computed, overridden by what is configured.
 * @param extra as configured; camelCase names become snake_case
 */
export function describeResource(resource: string, authorizationServer: string, extra: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    resource,
    authorization_servers: [authorizationServer],
    mcp_protocol_version: "2025-06-18",
    resource_type: "mcp-server",
    ...extra,
  });
}

/** `scopesSupported` and `jwksURI` become `scopes_supported` and `jwks_uri`. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[\s-]+/g, "_")
    .toLowerCase();
}

export const metadataMethods = "GET, OPTIONS";

/** Metadata is read by web pages of any origin: MCP clients in a browser need it before they can log in. */
export function metadataReply(json: string): Reply {
  return openTo(metadataMethods, new Reply(200, new HeaderList(["content-type", "application/json"]), json));
}
