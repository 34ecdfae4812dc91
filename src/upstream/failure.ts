import { errors } from "undici";
import { GatewayError } from "../contract/errors.ts";

/**
 * Says what went wrong with a backend in words, without its address: the caller may be a stranger. The address and the
 * original error go to the log as the cause.
 */
export function upstreamFailure(cause: unknown, endpoint: string): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("upstream_failed", { detail: describe(codeOf(cause)), cause: new UpstreamCause(endpoint, cause) });
}

/** Keeps the endpoint with the original error, for the log. */
class UpstreamCause extends Error {
  constructor(endpoint: string, cause: unknown) {
    super(`${endpoint}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "UpstreamCause";
  }
}

function codeOf(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  if (cause instanceof errors.HTTPParserError) return "HPE_";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  // happy eyeballs: several addresses failed, the first tells enough
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  return "";
}

function describe(code: string): string {
  const known = descriptions[code];
  if (known !== undefined) return known;
  if (code.startsWith("HPE_")) return "the backend does not speak HTTP/1.1";
  if (code.startsWith("ERR_TLS") || code.includes("CERT") || code.startsWith("ERR_SSL")) return `TLS handshake failed (${code})`;
  return code === "" ? "connection failed" : `connection failed (${code})`;
}

const descriptions: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the backend",
  EPIPE: "connection closed by the backend",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name lookup failed for now",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "connect timeout",
  UND_ERR_SOCKET: "connection closed by the backend",
  UND_ERR_HEADERS_OVERFLOW: "response header fields too large",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "response shorter or longer than announced",
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "request body shorter or longer than announced",
  DEPTH_ZERO_SELF_SIGNED_CERT: "TLS certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "TLS certificate chain is self-signed",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "TLS certificate could not be verified",
  CERT_HAS_EXPIRED: "TLS certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "TLS certificate is for another name",
  ERR_SSL_WRONG_VERSION_NUMBER: "the backend does not speak TLS on this port",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the backend does not speak TLS on this port",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the backend wants a client certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the backend does not trust our client certificate",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "no TLS version in common with the backend",
};
