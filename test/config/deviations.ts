/**
 * Where this gateway's configuration knowingly accepts more or less than the reference's JSON Schema. Each row changes
 * the reference schema, so that the comparison in differential.test.ts covers everything else to the letter.
 */

export interface Schema {
  [keyword: string]: unknown;
}

export interface Deviation {
  readonly reason: string;
  /** Places in the reference schema: a definition, and steps below it with `/` between. */
  readonly at: readonly string[];
  readonly change: (schema: Schema) => void;
}

/** Text that must mean something. The comparison checks the format with our own parser and makes up texts that pass. */
const text =
  (format: string) =>
  (schema: Schema): void => {
    schema["format"] = format;
  };

const set =
  (keywords: Schema) =>
  (schema: Schema): void => {
    Object.assign(schema, keywords);
  };

const remove =
  (keyword: string, unwanted: (alternative: Schema) => boolean) =>
  (schema: Schema): void => {
    schema[keyword] = (schema[keyword] as Schema[]).filter((alternative) => !unwanted(alternative));
  };

const isInvalidMarker = (alternative: Schema): boolean => JSON.stringify(alternative["enum"]) === '["invalid"]';

const properties = (definition: string, ...names: string[]): string[] => names.map((name) => `${definition}/properties/${name}`);

const backendStatus = { minimum: 100, maximum: 599 };

export const deviations: readonly Deviation[] = [
  {
    reason: "No key is silently ignored: objects that the reference leaves open are closed.",
    at: [
      "LocalAttachedRoute",
      "LocalAttachedTCPRoute",
      "LocalConditionalPolicy_DirectResponse",
      "LocalConditionalPolicy_RateLimitSpec",
      "LocalConditionalPolicy_RemoteRateLimit",
      "LocalConditionalPolicy_ExtAuthz",
      "LocalConditionalPolicy_ExtProc",
      "LocalConditionalPolicy_LocalTransformationConfig",
      "KV",
      "Processor",
      "FileOrInline/anyOf/0",
      "FileInlineOrRemote/anyOf/0",
      "FileInlineOrRemote/anyOf/2",
      "ModelCatalogSource/anyOf/0",
      "ModelCatalogSource/anyOf/1",
      "ModelCatalogSource/anyOf/2",
      "BackendAuthCompat/anyOf/0",
      "BackendAuthCompat/anyOf/1",
      "BackendAuthCompat/anyOf/2",
    ],
    change: set({ unevaluatedProperties: false }),
  },
  {
    reason: "Beside extra credentials the short form of a key may be used too, as it may without them.",
    at: ["BackendAuthCompat/anyOf/0"],
    change: (schema) =>
      Object.assign(schema["properties"] as Schema, { credentials: { type: "array", items: { $ref: "#/$defs/BackendAuthCredential" } } }),
  },
  {
    reason: "`invalid` as a match or a target is an internal value of the reference, not something to write.",
    at: ["HeaderValueMatch", "PathMatch", "QueryValueMatch", "BackendTarget"],
    change: remove("oneOf", isInvalidMarker),
  },
  {
    reason: "A provider that other models refer to refers to no other; the reference says so while it loads.",
    at: ["LocalLLMProvider/properties/provider"],
    change: set({ not: { type: "object", required: ["reference"] } }),
  },
  {
    reason: "An MCP server is named by an address or by a backend, not both.",
    at: ["sse", "mcp", "openapi"].map((kind, index) => `LocalMcpTarget/oneOf/${index === 2 ? 3 : index}/properties/${kind}`),
    change: set({ not: { required: ["host", "backend"] } }),
  },
  {
    reason: "The path on a backend is needed; the reference says so only while it runs.",
    at: ["sse", "mcp", "openapi"].map((kind, index) => `LocalMcpTarget/oneOf/${index === 2 ? 3 : index}/properties/${kind}/anyOf/2`),
    change: (schema) => {
      schema["required"] = ["backend", "path"];
      (schema["properties"] as Schema)["path"] = { type: "string" };
    },
  },
  { reason: "CEL must compile.", at: ["Expression"], change: text("cel") },
  {
    reason: "CEL must compile, also where the reference's schema calls it a string.",
    at: [
      "RuleSerde/anyOf/1",
      "RuleSerde/anyOf/0/oneOf/0/properties/allow",
      "RuleSerde/anyOf/0/oneOf/1/properties/deny",
      "RuleSerde/anyOf/0/oneOf/2/properties/require",
      ...["add", "set", "metadata"].map((key) => `LocalTransform/properties/${key}/additionalProperties`),
      ...properties("LocalTransform", "replace", "body"),
      "RawLoggingFields/properties/add/additionalProperties",
      "RawMetricFields/properties/add/additionalProperties",
      "LoggingPolicy/properties/add/additionalProperties",
      "AccessLogFields/properties/add/additionalProperties",
      "DatabaseLoggingConfig/properties/add/additionalProperties",
      ...properties("RawStandardAttributes", "user", "group"),
      "RawLogging/properties/filter",
      "LocalHealthPolicy/properties/unhealthyExpression",
      "KV/properties/value",
    ],
    change: text("cel"),
  },
  {
    reason: "A log level must be one.",
    at: ["RawLoggingLevel/anyOf/0", "RawLoggingLevel/anyOf/1/items"],
    change: text("log-level"),
  },
  {
    reason: "Cipher suites must be known.",
    at: ["LocalTLSServerConfig/properties/cipherSuites/items", "TLS/properties/cipherSuites/items"],
    change: text("cipher-suite"),
  },
  {
    reason: "A delay is a duration or CEL, so any CEL will do.",
    at: ["DelayPolicy/properties/duration"],
    change: set({ $ref: undefined, type: "string", format: "delay" }),
  },
  { reason: "A part of the traces is between 0 and 1.", at: ["StringBoolFloat"], change: set({ minimum: 0, maximum: 1, format: "cel" }) },
  {
    reason: "Durations must parse.",
    at: [
      "RawMcpConfig/properties/sessionTtl",
      ...properties("RawConfig", "connectionTerminationDeadline", "connectionMinTerminationDeadline"),
      ...properties("BackendConfig", "connectTimeout", "poolIdleTimeout"),
      ...properties("KeepaliveConfig", "time", "interval"),
      "RawHBONE/properties/poolUnusedReleaseTimeout",
      "CorsSerde/properties/maxAge",
      "JwtSignAuth/properties/ttl",
      "TokenCacheConfig/properties/defaultTtl",
      "HTTP/properties/requestTimeout",
      "TCP/properties/connectTimeout",
      ...properties("TimeoutPolicy", "requestTimeout", "backendRequestTimeout"),
      "RetryPolicy/properties/backoff",
      "LocalEviction/properties/duration",
      ...properties("FrontendHTTP", "http1IdleTimeout", "http2KeepaliveInterval", "http2KeepaliveTimeout", "maxConnectionDuration"),
      "TLS/properties/handshakeTimeout",
    ],
    change: text("duration"),
  },
  {
    reason: "A bucket that is filled all the time is no limit.",
    at: ["RateLimitSpec/properties/fillInterval", "LocalConditionalPolicy_RateLimitSpec/properties/fillInterval"],
    change: text("positive-duration"),
  },
  {
    reason: "Addresses must be host:port.",
    at: [
      "SimpleLocalBackendSerde/oneOf/1/properties/host",
      "Processor/oneOf/0/oneOf/1/properties/host",
      "OAuthTokenExchangeAuth/oneOf/1/properties/host",
      "CrossAppAccessEndpoint/oneOf/1/properties/host",
      "LocalConditionalPolicy_RemoteRateLimit/oneOf/1/properties/host",
      "RemoteRateLimit/oneOf/1/properties/host",
      "LocalConditionalPolicy_ExtAuthz/oneOf/1/properties/host",
      "ExtAuthz/oneOf/1/properties/host",
      "LocalConditionalPolicy_ExtProc/oneOf/1/properties/host",
      "ExtProc/oneOf/1/properties/host",
      "OtlpLoggingConfig/oneOf/1/properties/host",
      "TracingConfig/oneOf/1/properties/host",
      "LocalRouteBackend/oneOf/2/properties/host",
      "LocalTCPRouteBackend/oneOf/1/properties/host",
      "FullLocalBackend/oneOf/0/properties/host",
      "LocalNamedAIProvider/properties/hostOverride",
      "LocalLLMParams/properties/hostOverride",
    ],
    change: text("host-port"),
  },
  {
    reason: "The address of an MCP server must be a URL, or host:port.",
    at: ["sse", "mcp", "openapi"].map(
      (kind, index) => `LocalMcpTarget/oneOf/${index === 2 ? 3 : index}/properties/${kind}/anyOf/0/properties/host`,
    ),
    change: text("server"),
  },
  {
    reason: "With port and path beside it, the host of an MCP server is a host alone.",
    at: ["sse", "mcp", "openapi"].map(
      (kind, index) => `LocalMcpTarget/oneOf/${index === 2 ? 3 : index}/properties/${kind}/anyOf/1/properties/host`,
    ),
    change: text("host"),
  },
  {
    reason: "The gateway's own addresses must be understood.",
    at: properties("RawConfig", "adminAddr", "statsAddr", "readinessAddr"),
    change: text("listen-address"),
  },
  {
    reason: "URLs must be http or https, without credentials.",
    at: ["FileInlineOrRemote/anyOf/2/properties/url", "RawTracing/properties/otlpEndpoint"],
    change: text("http-url"),
  },
  {
    reason: "URLs must be http or https, without credentials, query and fragment.",
    at: ["LocalLLMParams/properties/baseUrl"],
    change: text("base-url"),
  },
  {
    reason: "A session key is 64 hexadecimal digits.",
    at: ["RawSession/properties/key"],
    change: set({ pattern: "^[0-9a-fA-F]{64}$", format: "session-key" }),
  },
  { reason: "A key's hash is a SHA-256.", at: ["APIKeyHash"], change: set({ pattern: "^sha256:[0-9a-fA-F]{64}$", format: "key-hash" }) },
  {
    reason: "Header names must be header names, also where they are keys of a map.",
    at: [
      ...properties("HeaderModifier", "add", "set"),
      "RawTracing/properties/headers",
      ...["DirectResponse", "LocalConditionalPolicy_DirectResponse"].map((name) => `${name}/properties/headers`),
      "ExtAuthzProtocol/oneOf/1/properties/http/properties/addRequestHeaders",
    ],
    change: set({ propertyNames: { format: "header" }, differByMoreThanCase: true }),
  },
  {
    reason: "Where pseudo headers may stand too, names must be one or the other, also as keys of a map.",
    at: [...properties("LocalTransform", "add", "set"), "Webhook/properties/headers"],
    change: set({ propertyNames: { format: "pseudo-header" }, differByMoreThanCase: true }),
  },
  {
    reason: "Header names must be header names.",
    at: [
      "HeaderModifier/properties/remove/items",
      "RawConfig/properties/sensitiveHeaders/items",
      "ExtAuthzProtocol/oneOf/1/properties/http/properties/includeResponseHeaders/items",
      "AuthorizationLocation/oneOf/0/properties/header/properties/name",
    ],
    change: text("header"),
  },
  {
    reason: "Where pseudo headers may stand too, names must be one or the other.",
    at: ["HeaderOrPseudo", "HeaderMatch/properties/name", "LocalTransform/properties/remove/items"],
    change: text("pseudo-header"),
  },
  { reason: "A method must be one.", at: ["RouteMatch/properties/method"], change: text("method") },
  {
    reason: "Regular expressions must be RE2.",
    at: ["HeaderValueMatch", "QueryValueMatch"]
      .map((name) => `${name}/oneOf/1/properties/regex`)
      .concat("PathMatch/oneOf/2/properties/regex", "RegexRule/anyOf/1/properties/pattern"),
    change: text("re2"),
  },
  {
    reason: "A string is the document itself; a path or a URL in its place is a slip that would only be found out later.",
    at: ["FileInlineOrRemote/anyOf/1"],
    change: text("document"),
  },
  {
    reason: "A path that does not start with / matches nothing.",
    at: ["PathMatch/oneOf/0/properties/exact", "PathMatch/oneOf/1/properties/pathPrefix"],
    change: set({ pattern: "^/", format: "path" }),
  },
  {
    reason: "Host names must be host names or wildcards.",
    at: [
      "LocalListener/properties/hostname",
      "LocalGatewayListener/properties/hostname",
      ...["LocalRoute", "LocalAttachedRoute", "LocalTCPRoute", "LocalAttachedTCPRoute"].map((name) => `${name}/properties/hostnames/items`),
    ],
    change: text("hostname-pattern"),
  },
  {
    reason: "Target names are what the reference demands of them while it loads.",
    at: ["LocalMcpTarget/properties/name"],
    change: text("target-name"),
  },
  {
    reason: "A model's name holds one `*` at most, at one end.",
    at: ["LocalLLMModels/properties/name", ...[0, 1].map((form) => `LocalAPIKey/anyOf/${form}/properties/allowedModels/items`)],
    change: text("model-pattern"),
  },
  {
    reason: "Status codes are three digits.",
    at: [
      "RequestRedirect/properties/status",
      "DirectResponse/properties/status",
      "LocalConditionalPolicy_DirectResponse/properties/status",
      "RequestRejection/properties/status",
      "RetryPolicy/properties/codes/items",
      "ExtAuthzFailureMode/oneOf/2/properties/denyWithStatus",
    ],
    change: set(backendStatus),
  },
  {
    reason: "A part of the requests is between 0 and 1.",
    at: ["RequestMirror/properties/percentage"],
    change: set({ minimum: 0, maximum: 1 }),
  },
  {
    reason: "TLS 1.0 and 1.1 are in the reference's schema, but it refuses them too.",
    at: ["TLSVersion"],
    change: set({ enum: ["TLS_V1_2", "TLS_V1_3"] }),
  },
  {
    reason: "Names of files, programs, parameters, cookies and keys are not empty.",
    at: [
      "FileOrInline/anyOf/0/properties/file",
      "FileInlineOrRemote/anyOf/0/properties/file",
      "ModelCatalogSource/anyOf/0/properties/file",
      ...properties("LocalTLSServerConfig", "cert", "key", "root"),
      ...properties("LocalBackendTLS", "cert", "key", "root"),
      "LocalMcpTarget/oneOf/2/properties/stdio/properties/cmd",
      "AuthorizationLocation/oneOf/1/properties/queryParameter/properties/name",
      "AuthorizationLocation/oneOf/2/properties/cookie/properties/name",
      "APIKey",
    ],
    change: set({ minLength: 1 }),
  },
  {
    reason: "A credential cannot be put where an expression points to.",
    at: [
      "BackendAuth/oneOf/0/properties/passthrough/properties/location",
      "BackendAuth/oneOf/1/properties/key/properties/location",
      "BackendAuthCompat/anyOf/1/oneOf/0/properties/passthrough/properties/location",
      "BackendAuthCompat/anyOf/1/oneOf/1/properties/key/properties/location",
      "BackendAuthCredential/properties/location",
      "JwtSignAuth/properties/location",
      "OAuthTokenExchangeAuth/properties/authorizationLocation",
    ],
    change: set({ not: { type: "object", required: ["expression"] } }),
  },
  {
    reason: "A conditional policy has at most 64 entries.",
    at: ["DirectResponse", "RateLimitSpec", "RemoteRateLimit", "ExtAuthz", "ExtProc", "LocalTransformationConfig"].map(
      (name) => `LocalConditionalPolicies_${name}/properties/conditional`,
    ),
    change: set({ maxItems: 64 }),
  },
];
