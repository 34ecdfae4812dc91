/**
 * Every error the gateway itself can answer with. One closed table: docs/reference/errors.md is generated from it.
 * Statuses and texts are the reference project's where it has the case, so that clients and dashboards need no change.
 */

/** Whose fault it is; decides the log level and whether an operator should be paged. */
export type Fault = "client" | "upstream" | "gateway" | "policy";

export interface ErrorRow {
  /** HTTP status. */
  readonly status: number;
  /** JSON-RPC 2.0 code used where the caller speaks MCP. */
  readonly rpc: number;
  readonly fault: Fault;
  /** The `reason` label of metrics and access log. */
  readonly reason: string;
  /** The default text for the caller; details are added after a colon. */
  readonly text: string;
  /** What an operator does about it. */
  readonly hint: string;
}

const row = (status: number, rpc: number, fault: Fault, reason: string, text: string, hint: string): ErrorRow => ({
  status,
  rpc,
  fault,
  reason,
  text,
  hint,
});

export const errorTable = {
  invalid_request: row(
    400,
    -32600,
    "client",
    "InvalidRequest",
    "invalid request",
    "The client sent something that HTTP or the API does not allow; the text says what.",
  ),
  unsupported_conversion: row(
    400,
    -32600,
    "client",
    "InvalidRequest",
    "unsupported conversion",
    "The provider does not speak the API that the client used; call it through one that the text names, or choose another provider for the model.",
  ),
  unauthenticated: row(
    401,
    -32001,
    "client",
    "JwtAuth",
    "authentication failure",
    "No valid token: check issuer, audience and expiry against the policy.",
  ),
  api_key_invalid: row(
    401,
    -32001,
    "client",
    "APIKeyAuth",
    "api key authentication failure",
    "No key or an unknown key was sent; keys are listed under apiKey.keys.",
  ),
  basic_auth_invalid: row(
    401,
    -32001,
    "client",
    "BasicAuth",
    "basic authentication failure",
    "No or wrong user and password; users are listed under basicAuth.htpasswd.",
  ),
  mcp_unauthenticated: row(
    401,
    -32001,
    "client",
    "JwtAuth",
    "JWT token required",
    "The MCP client has to log in; the WWW-Authenticate header tells it where.",
  ),
  upstream_login_required: row(
    401,
    -32042,
    "client",
    "UpstreamLogin",
    "login at an upstream server required",
    "The caller has to log in at the server behind the gateway, at the URL that the reply has (backendAuth.userLogin).",
  ),
  login_needs_caller: row(
    403,
    -32003,
    "client",
    "UpstreamLogin",
    "this server is used with logins of its own, and the gateway does not know whose to use",
    "backendAuth.userLogin needs callers with a name: authenticate them on the route; a JWT must have a `sub`.",
  ),
  forbidden: row(
    403,
    -32003,
    "policy",
    "Authorization",
    "authorization failed",
    "An authorization rule refused the call; `turnpike explain` shows which.",
  ),
  insufficient_scope: row(
    403,
    -32003,
    "client",
    "JwtAuth",
    "insufficient scope",
    "The token lacks scopes of mcpAuthentication.requiredScopes; the WWW-Authenticate header names all that the request needs.",
  ),
  model_not_allowed: row(
    403,
    -32003,
    "policy",
    "Authorization",
    "model not allowed",
    "The API key's allowedModels or the model's authorization rules leave the model out.",
  ),
  csrf_failed: row(
    403,
    -32003,
    "policy",
    "Authorization",
    "CSRF validation failed",
    "A browser sent a cross-site request; add its origin to csrf.additionalOrigins if it is yours.",
  ),
  bind_not_found: row(
    404,
    -32601,
    "client",
    "NotFound",
    "bind not found",
    "The port serves nothing any more; the configuration was reloaded without it.",
  ),
  listener_not_found: row(404, -32601, "client", "NotFound", "listener not found", "No listener on this port has the request's host name."),
  model_not_found: row(
    404,
    -32601,
    "client",
    "NotFound",
    "model not found",
    "No entry of llm.models has that name and fits the request's headers; GET /v1/models lists those a caller may use.",
  ),
  route_not_found: row(
    404,
    -32601,
    "client",
    "NotFound",
    "route not found",
    "No route matches; `turnpike explain --request` shows what was tried.",
  ),
  method_not_allowed: row(405, -32601, "client", "NotFound", "method not allowed", "The endpoint does not serve this HTTP method."),
  request_timeout_client: row(
    408,
    -32600,
    "client",
    "InvalidRequest",
    "request not received in time",
    "The client was too slow sending its request.",
  ),
  body_too_large: row(
    413,
    -32600,
    "client",
    "InvalidRequest",
    "request body too large",
    "Raise frontendPolicies.http.maxBufferSize or the route's buffer limit if such bodies are wanted.",
  ),
  unsupported_media_type: row(
    415,
    -32600,
    "client",
    "InvalidRequest",
    "unsupported media type",
    "The Content-Type or Content-Encoding is not one that the endpoint reads.",
  ),
  misdirected_request: row(
    421,
    -32600,
    "client",
    "InvalidRequest",
    "misdirected request",
    "The Host header names another site than the TLS handshake did.",
  ),
  rate_limited: row(
    429,
    -32003,
    "policy",
    "RateLimit",
    "rate limit exceeded",
    "A localRateLimit bucket is empty; x-ratelimit-reset tells when it fills.",
  ),
  headers_too_large: row(
    431,
    -32600,
    "client",
    "InvalidRequest",
    "request header fields too large",
    "Raise frontendPolicies.http.http1MaxHeaders or make the client send less.",
  ),
  internal: row(
    500,
    -32603,
    "gateway",
    "Internal",
    "internal error",
    "A fault of the gateway; the log has the details under the same request.",
  ),
  mcp_session_required: row(
    400,
    -32000,
    "client",
    "Mcp",
    "session header is required for non-initialize requests",
    "The MCP client has to send initialize first and repeat the Mcp-Session-Id it gets.",
  ),
  mcp_session_id_required: row(
    400,
    -32000,
    "client",
    "Mcp",
    "session ID is required",
    "GET and DELETE need the Mcp-Session-Id that initialize gave.",
  ),
  mcp_session_invalid: row(
    400,
    -32000,
    "client",
    "Mcp",
    "invalid session ID header",
    "The Mcp-Session-Id cannot have come from this gateway.",
  ),
  mcp_session_not_found: row(
    404,
    -32001,
    "client",
    "Mcp",
    "session not found",
    "The session expired, was deleted, or belongs to another backend or caller; the client has to initialize again.",
  ),
  mcp_invalid_message: row(
    400,
    -32600,
    "client",
    "Mcp",
    "invalid MCP message",
    "The body is not one JSON-RPC 2.0 message; the text says what is wrong with it.",
  ),
  mcp_version_unsupported: row(
    400,
    -32022,
    "client",
    "Mcp",
    "unsupported MCP protocol version",
    "The client asks for a protocol revision that the gateway does not speak; data.supported lists those it does.",
  ),
  mcp_header_mismatch: row(
    400,
    -32020,
    "client",
    "Mcp",
    "MCP protocol version header/body mismatch",
    "The client's header fields (MCP-Protocol-Version, Mcp-Method, Mcp-Name) say something else than its message; the text says what.",
  ),
  mcp_session_unexpected: row(
    400,
    -32600,
    "client",
    "Mcp",
    "sessions are not used in this protocol version",
    "The client sends an Mcp-Session-Id with a revision that has no sessions (2026-07-28 and later).",
  ),
  mcp_method_not_found: row(
    404,
    -32601,
    "client",
    "Mcp",
    "method not found",
    "The protocol revision that the client speaks has no such method.",
  ),
  mcp_invalid_params: row(
    400,
    -32602,
    "client",
    "Mcp",
    "invalid params",
    "The parameters are not what the method takes; the text says what is wrong.",
  ),
  mcp_capability_missing: row(
    400,
    -32021,
    "client",
    "Mcp",
    "client capability required",
    "A server needs something of the client that it does not declare; data.requiredCapabilities says what.",
  ),
  mcp_item_unknown: row(
    400,
    -32602,
    "policy",
    "Mcp",
    "unknown item",
    "There is no such tool, prompt or resource, mcpAuthorization hides it from this caller, or toolIntegrity hides it until it is approved (`GET /tools` of the admin address).",
  ),
  mcp_cursor_invalid: row(
    400,
    -32602,
    "client",
    "Mcp",
    "invalid cursor",
    "A list is asked for from a `cursor` that was not in an earlier page of it; without one it begins at the start.",
  ),
  mcp_guardrail_denied: row(
    200,
    -32001,
    "policy",
    "Mcp",
    "denied by an MCP guardrail",
    "A processor of mcpGuardrails refused the message (PERMISSION_DENIED); the text is its own.",
  ),
  mcp_guardrail_exhausted: row(
    200,
    -32003,
    "policy",
    "Mcp",
    "resource exhausted",
    "A processor of mcpGuardrails refused the message (RESOURCE_EXHAUSTED); the text is its own.",
  ),
  mcp_guardrail_invalid: row(
    200,
    -32600,
    "policy",
    "Mcp",
    "invalid request",
    "A processor of mcpGuardrails refused the message (INVALID); the text is its own.",
  ),
  mcp_guardrail_refused: row(
    200,
    -32603,
    "policy",
    "Mcp",
    "refused by an MCP guardrail",
    "A processor of mcpGuardrails refused the message without saying why in a code; the text is its own.",
  ),
  mcp_guardrail_failed: row(
    200,
    -32603,
    "upstream",
    "Mcp",
    "mcpGuardrails failed",
    "The named processor of mcpGuardrails could not be asked or gave no usable answer; the log says why. With failureMode: failOpen messages pass without it.",
  ),
  mcp_dns_rebinding: row(
    403,
    -32003,
    "policy",
    "Mcp",
    "MCP DNS rebinding protection: Host/Origin must be localhost, 127.0.0.1, or [::1]",
    "Switch dnsRebindingProtection off if other hosts shall reach this endpoint.",
  ),
  mcp_origin_refused: row(
    403,
    -32003,
    "policy",
    "Mcp",
    "web pages of this origin may not call: add it to cors.allowOrigins, or set dnsRebindingProtection: false",
    "A page of another site called over a loopback address. If it may, its origin belongs into `cors.allowOrigins`; `dnsRebindingProtection: false` checks nothing.",
  ),
  mcp_method_not_allowed: row(
    405,
    -32601,
    "client",
    "Mcp",
    "method not allowed; must be GET, POST, or DELETE",
    "The MCP endpoint serves POST, and with statefulMode: stateful also GET and DELETE.",
  ),
  mcp_no_event_stream: row(
    405,
    -32601,
    "upstream",
    "Mcp",
    "GET event stream is not supported by any upstream",
    "No target sends messages of its own accord; clients go on without the stream.",
  ),
  mcp_not_acceptable: row(
    406,
    -32600,
    "client",
    "Mcp",
    "client must accept both application/json and text/event-stream",
    "The client's Accept header is not what MCP asks for.",
  ),
  mcp_not_routable: row(
    500,
    -32603,
    "client",
    "Mcp",
    "failed to send message",
    "No target can be told from the name, or the method is unknown; the text says which.",
  ),
  mcp_target_failed: row(
    500,
    -32603,
    "upstream",
    "Mcp",
    "failed to send message",
    "The named target could not be reached, timed out or died; with failureMode: failOpen the others go on without it.",
  ),
  mcp_no_targets: row(503, -32603, "gateway", "Mcp", "no backends configured", "The MCP backend has no targets."),
  no_valid_backends: row(500, -32603, "gateway", "Internal", "no valid backends", "The route has no backend with a weight above zero."),
  backend_auth_failed: row(
    500,
    -32603,
    "gateway",
    "Internal",
    "backend authentication failed",
    "The credential for the backend could not be made; the log says why.",
  ),
  backend_auth_refused: row(
    400,
    -32600,
    "policy",
    "InvalidRequest",
    "backend authentication failed",
    "An authorization server gives this caller no token for the backend; the text says why. Asking again will not help.",
  ),
  upgrade_failed: row(
    502,
    -32603,
    "upstream",
    "UpstreamFailure",
    "upgrade refused by the upstream",
    "The backend does not speak the protocol that the client asked to switch to.",
  ),
  upstream_invalid: row(
    502,
    -32603,
    "upstream",
    "UpstreamFailure",
    "invalid upstream response",
    "The backend answered something that cannot be passed on.",
  ),
  response_too_large: row(
    502,
    -32603,
    "upstream",
    "UpstreamFailure",
    "upstream response too large to buffer",
    "A policy needs the whole response and it exceeds maxBufferSize.",
  ),
  upstream_login_failed: row(
    503,
    -32603,
    "policy",
    "UpstreamLogin",
    "login at an upstream server could not be renewed",
    "The authorization server of the upstream server does not answer as it should; the log says how. The login is kept.",
  ),
  keys_unavailable: row(
    503,
    -32603,
    "upstream",
    "JwtAuth",
    "token keys are not available yet",
    "The key server (JWKS) could not be reached; the gateway retries by itself.",
  ),
  upstream_failed: row(
    503,
    -32603,
    "upstream",
    "UpstreamFailure",
    "upstream call failed",
    "The backend could not be reached or broke off; the text says how.",
  ),
  overloaded: row(503, -32603, "gateway", "Internal", "too many requests in flight", "A bound on queued work was reached."),
  upstream_timeout: row(
    504,
    -32603,
    "upstream",
    "Timeout",
    "upstream call timeout",
    "The backend did not send response headers within backendRequestTimeout.",
  ),
  request_timeout: row(
    504,
    -32603,
    "upstream",
    "Timeout",
    "request timeout",
    "No response headers within requestTimeout, retries included.",
  ),
  client_closed: row(
    499,
    -32603,
    "client",
    "ClientClosed",
    "client closed the connection",
    "The client left before the reply; nothing to do.",
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorDetails {
  /** Added to the table's text for the caller. Never a secret, a stack or an upstream address's credentials. */
  readonly detail?: string;
  /** For the log alone. */
  readonly cause?: unknown;
  /** Sent with the reply, lower-case names, e.g. `www-authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the plain text body, where a protocol prescribes one. */
  readonly body?: { readonly contentType: string; readonly text: string };
  /** Where a configuration chooses another status than the table's. */
  readonly status?: number;
  /** Of `upstream_login_required`: what the person is to do. The URL is for the caller alone, and for no log. */
  readonly login?: LoginRequest;
}

/** Asks a person to log in somewhere. */
export interface LoginRequest {
  /** To be opened in a browser; good once, for some minutes. */
  readonly url: string;
  /** In words, without the URL. */
  readonly message: string;
  /** Names this request, as in MCP's URL elicitation. */
  readonly elicitationId: string;
}

/** A failure that becomes a reply. Thrown anywhere below the pipeline, turned into a Reply by compose(). */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const { text } = errorTable[code];
    super(
      details.detail === undefined ? text : `${text}: ${details.detail}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = "GatewayError";
    this.code = code;
    this.status = details.status ?? errorTable[code].status;
    this.details = details;
  }

  get row(): ErrorRow {
    return errorTable[this.code];
  }
}
