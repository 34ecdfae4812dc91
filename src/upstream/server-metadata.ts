import { BlockList, isIP } from "node:net";
import { isJsonObject, type JsonObject } from "../base/json.ts";

/** An authorization server's metadata (RFC 8414, or OpenID Connect Discovery): anything may be in it. */
export type ServerMetadata = JsonObject;

/** Parses a metadata document; undefined when it is no JSON object. */
export function parseServerMetadata(text: string): ServerMetadata | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the server names itself in authorization responses: RFC 9207 section 3. */
export function sendsIssuer(metadata: ServerMetadata): boolean {
  return metadata["authorization_response_iss_parameter_supported"] === true;
}

/**
 * An endpoint that metadata names, before people or credentials are sent to it. The metadata is somebody else's, so it may
 * lead to where the operator's issuer is and, over TLS, to public names and addresses; not into a network of ours.
 * @param issuer a URL
 * @returns undefined when there is none, or none to be trusted
 */
export function trustedEndpoint(metadata: ServerMetadata, name: string, issuer: string): string | undefined {
  const value = metadata[name];
  if (typeof value !== "string" || value.length > maxUrlLength) return undefined;
  const url = URL.parse(value);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return undefined;
  const { origin, hostname } = new URL(issuer);
  if (origin !== "null" && url.origin === origin) return value;
  if (isLoopback(url.hostname)) return isLoopback(hostname) && (url.protocol === "http:" || url.protocol === "https:") ? value : undefined;
  return url.protocol === "https:" && !isPrivateAddress(url.hostname) ? value : undefined;
}

/** Characters: such URLs end up in pages, logs and the addresses of browsers. */
const maxUrlLength = 2_048;

/** Names and addresses of this machine. @param hostname as URL has it: lower case, IPv6 in brackets */
export function isLoopback(hostname: string): boolean {
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname; // `localhost.` is the same name
  if (name === "localhost" || name.endsWith(".localhost") || name === "[::1]") return true;
  return isIP(hostname) === 4 && hostname.startsWith("127.");
}

const privateRanges = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  privateRanges.addSubnet(network, prefix, "ipv4"); // IPv6 addresses that carry one of these are covered, too
for (const [network, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["64:ff9b::", 96], // IPv4 behind NAT64 (RFC 6052)
] as const)
  privateRanges.addSubnet(network, prefix, "ipv6");

function isPrivateAddress(hostname: string): boolean {
  const address = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const family = isIP(address);
  return family !== 0 && privateRanges.check(address, family === 4 ? "ipv4" : "ipv6");
}
