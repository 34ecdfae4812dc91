/** A variable that expressions can read, with its fields. */
export interface RootVariable {
  readonly name: string;
  readonly summary: string;
  /** Fields by path below the variable. Where the fields come from outside (claims, JSON), these are only some of them. */
  readonly fields: Readonly<Record<string, string>>;
  /** Whether there can be other fields than those. */
  readonly open: boolean;
}

const closed = (name: string, summary: string, fields: Readonly<Record<string, string>>): RootVariable => ({
  name,
  summary,
  fields,
  open: false,
});
const open = (name: string, summary: string, fields: Readonly<Record<string, string>> = {}): RootVariable => ({
  name,
  summary,
  fields,
  open: true,
});

/** Every root variable. Which of them are there depends on the kind of traffic and on how far the request has come. */
export const roots: readonly RootVariable[] = [
  closed("request", "The HTTP request.", {
    method: "Method, such as GET.",
    uri: "Scheme, authority, path and query in one text. Has query(), addQuery() and setQuery().",
    host: "Host that was asked for, without its port.",
    scheme: "http or https.",
    path: "Path, without the query.",
    pathAndQuery: "Path and query as sent. Has query(), addQuery() and setQuery().",
    version: "HTTP version, such as HTTP/1.1.",
    headers: "Header fields by name in lower case: a text, or a list for a field that was sent several times.",
    body: "Body, as text (as bytes when it is no UTF-8). Reading it makes the gateway keep the body in memory; too large a body is not there.",
    bodyPrefix: "Beginning of the body, up to the buffer limit.",
    startTime: "When the request arrived (timestamp).",
    endTime: "When the last byte was sent (timestamp); after the exchange only.",
  }),
  closed("response", "The HTTP response, once there is one.", {
    code: "Status code.",
    grpcStatus: "gRPC status code, for gRPC.",
    headers: "Header fields, as with request.headers.",
    body: "Body, as with request.body. Reading it while serving holds the response back until it is complete.",
    bodyPrefix: "Beginning of the body, up to the buffer limit.",
  }),
  open("jwt", "Claims of the verified JWT. Not there without one.", {
    rawToken: "The token itself, a secret: jwt.rawToken.unredacted() gives its text.",
  }),
  open("apiKey", "Metadata of the API key that was used. Not there without one.", {
    key: "The key itself, a secret: apiKey.key.unredacted() gives its text.",
  }),
  closed("basicAuth", "The user of basic authentication. Not there without one.", { username: "User name." }),
  closed("source", "The client's end of the connection.", {
    address: "IP address.",
    port: "TCP port.",
    rawAddress: "IP address of the TCP connection, also behind a tunnel.",
    rawPort: "TCP port of the TCP connection, also behind a tunnel.",
    identity: "SPIFFE identity of the client certificate: trustDomain, namespace, serviceAccount.",
    spiffeId: "SPIFFE ID of the client certificate.",
    subjectAltNames: "Alternative names of the client certificate.",
    issuer: "Issuer of the client certificate.",
    subject: "Subject of the client certificate.",
    subjectCn: "Common name in the subject of the client certificate.",
    certificate: "Client certificate as PEM.",
    unverifiedWorkload: "Workload that the source address belongs to, by name; not authenticated.",
    connectHeaders: "Header fields of the CONNECT request around this one.",
  }),
  closed("destination", "The gateway's end of the connection.", {
    address: "IP address.",
    port: "TCP port.",
    hostname: "Server name that TLS asked for.",
  }),
  closed("backend", "The backend that was chosen. Not there before.", {
    name: "Name.",
    type: "ai, mcp, static, dynamic, service or unknown.",
    protocol: "http, tcp, a2a, mcp or llm.",
  }),
  closed("mcp", "The MCP call. Not there for other traffic.", {
    methodName: "JSON-RPC method, such as tools/call.",
    sessionId: "MCP session.",
    tool: "Tool: target, name (as the target knows it), arguments, and in logs and traces, once the call is over, result or error.",
    prompt: "Prompt: target and name.",
    resource: "Resource: target and name (its URI).",
    task: "Task: target and name (its id).",
  }),
  closed("llm", "The LLM call. Not there for other traffic; counts are there once the provider has reported them.", {
    streaming: "Whether the response is streamed.",
    requestModel: "Model that the provider was asked for.",
    responseModel: "Model that the provider says it used.",
    provider: "Provider, by its name in telemetry.",
    inputTokens: "Tokens that went in, those read from or written to a cache included.",
    providerInputTokens: "Input tokens as the provider counts them.",
    inputImageTokens: "Input tokens of images.",
    inputTextTokens: "Input tokens of text, where text is counted apart.",
    inputAudioTokens: "Input tokens of sound.",
    cachedInputTokens: "Input tokens read from a cache.",
    cacheCreationInputTokens: "Input tokens written to a cache.",
    outputTokens: "Tokens that came out.",
    outputImageTokens: "Output tokens of images.",
    outputTextTokens: "Output tokens of text, where text is counted apart.",
    outputAudioTokens: "Output tokens of sound.",
    reasoningTokens: "Output tokens spent on reasoning.",
    totalTokens: "Input and output tokens.",
    providerTotalTokens: "All tokens as the provider counts them.",
    serviceTier: "Service tier that the provider used.",
    timeToFirstToken: "From the request's start to the first token (duration).",
    timePerOutputToken: "Average from the first token on (duration).",
    countTokens: "Result of a call that only counts tokens.",
    prompt: "Prompt: a list of role and content.",
    completion: "Texts of the completion. Reading it makes the gateway keep them.",
    toolCalls: "Tool calls of the completion: id, name, arguments.",
    params: "Parameters: temperature, top_p, frequency_penalty, presence_penalty, seed, max_tokens, encoding_format, dimensions.",
    cost: "Cost in USD: total, input, output, cacheRead, cacheWrite, reasoning, inputAudio, outputAudio.",
    costRates: "Prices in USD per million tokens, with the same names as cost.",
  }),
  open("llmRequest", "The LLM request's JSON. Only there while the request is being handled, not in logs."),
  open("extauthz", "Metadata from an external authorization server."),
  open("extproc", "Metadata from an external processor."),
  open("mcpGuardrails", "Metadata from MCP guardrail processors."),
  open("metadata", "Values that transformations have set as metadata."),
  closed("env", "Where the gateway runs. No environment variables.", {
    podName: "Name of the pod.",
    namespace: "Namespace of the pod.",
    gateway: "Name of the gateway.",
  }),
  closed("proxy", "How the request went through the gateway.", {
    bind: "Bind that accepted it.",
    gateway: "Gateway: namespace and name.",
    listener: "Listener: name.",
    route: "Route: namespace, name, kind and rule.",
    requestProcessingDuration: "Until the call to the backend (duration).",
    upstreamDuration: "Waiting for the backend's response (duration).",
    responseProcessingDuration: "From the backend's response to ours (duration).",
  }),
];
