/** What the gateway promises to those who run it, each with where it comes from. A test says which ones it shows: `shows: id`. */
export interface Requirement {
  /** Cited by tests; never given to another requirement. */
  readonly id: string;
  readonly source: string;
  readonly behaviour: string;
}

const article = "the article of April 2026 about the reference project (test/article)";
const guardrails = "mcpGuardrails of the reference project";
const integrity = "docs/decisions/0021-pinned-tools.md";
const eras = 'MCP 2026-07-28, "Multi Round-Trip Requests" and "Backward Compatibility"';
const operations = "docs/architecture.md";
const catalogue = "docs/decisions/0019-names-and-pages-of-mcp.md";

export const requirements: readonly Requirement[] = [
  // the article: MCP
  { id: "article-port", source: article, behaviour: "`config.port` is the port of the one bind without one." },
  {
    id: "article-multiplex",
    source: article,
    behaviour: "Several stateless MCP servers are one, their tools told apart by the target's name.",
  },
  { id: "article-timeout", source: article, behaviour: "`timeout` and `mcpAuthentication` stand together on a route." },
  {
    id: "article-login",
    source: article,
    behaviour: "`mcpAuthentication: strict` lets in tokens of the issuer for the audience, and nobody else.",
  },
  { id: "article-challenge", source: "RFC 9728 section 5.1", behaviour: "A refusal names the address of the resource's metadata." },
  { id: "article-metadata", source: "RFC 9728 section 3", behaviour: "That address serves what `resourceMetadata` says, without a token." },
  { id: "article-product", source: article, behaviour: "A label computed from the arguments of a tool call is on its metrics." },
  // MCP: what others made
  {
    id: "mcp-conformance",
    source: "the official conformance suite of MCP, sets 2025-11-25 and 2026-07-28",
    behaviour: "Servers and clients conform through the gateway as they do without it; what differs is listed with its reason.",
  },
  {
    id: "mcp-real-servers",
    source: "the official servers and SDKs of MCP, MCP Inspector, mcp-remote",
    behaviour: "Clients of different make use every feature of several servers at once through one endpoint.",
  },
  {
    id: "mcp-cancelled",
    source: "MCP specification, Cancellation",
    behaviour: "A call that its client cancels is over, though its server sends no response any more.",
  },
  // MCP: names, lists, access
  {
    id: "mcp-name-budget",
    source: catalogue,
    behaviour: "No name of a tool or prompt is longer than configured; a shortened one is called like any other.",
  },
  {
    id: "mcp-list-is-lookup",
    source: catalogue,
    behaviour: "Every listed name stands for just the item it is listed for, and no other name for anything.",
  },
  {
    id: "mcp-pages",
    source: catalogue,
    behaviour: "Merged lists come in pages, with a session and without; names that stay are neither skipped nor repeated.",
  },
  {
    id: "mcp-no-wider",
    source: "docs/decisions/0009-mcp-relay.md",
    behaviour: "Whatever the rules, all that is shown can be used, and nothing of what they deny in any way.",
  },
  {
    id: "mcp-state-bound",
    source: "MCP specification 2026-07-28, Multi Round-Trip Requests",
    behaviour: "What a server gives one caller to go on with is no use to another, though the server sees both as the gateway.",
  },
  // MCP: what rules hide is not hinted at
  {
    id: "mcp-hidden-app",
    source: "docs/decisions/0009-mcp-relay.md",
    behaviour: "A tool does not refer to a user interface that the rules hide from its caller.",
  },
  {
    id: "mcp-hidden-update",
    source: "docs/decisions/0023-between-mcp-eras.md",
    behaviour: "Nobody is told of changes to a resource that they may not read, whatever they subscribed to.",
  },
  {
    id: "mcp-filtered-private",
    source: "MCP specification 2026-07-28, Caching",
    behaviour: "A list that depends on the rules is its caller's alone, so that no cache shows it to others.",
  },
  {
    id: "mcp-malformed-params",
    source: "MCP specification 2026-07-28, Streamable HTTP",
    behaviour: "What is wrong with a request is told as what it is: its message, its parameters, its method or its header fields.",
  },
  {
    id: "mcp-log-result",
    source: "docs/reference/cel.md",
    behaviour: "The access log can say what a tool answered, whichever way the answer came.",
  },
  // credentials for backends
  {
    id: "backend-auth-exchange",
    source: "RFC 8693 and docs/decisions/0018-exchanged-tokens.md",
    behaviour: "Each target gets a token of its own for each caller, got once for many requests; the caller's goes no further.",
  },
  {
    id: "backend-auth-refusal",
    source: "docs/decisions/0018-exchanged-tokens.md",
    behaviour: "A caller whom an authorization server refuses is told why, without a login, and costs the others nothing.",
  },
  // MCP: servers, processes and clients that go wrong
  {
    id: "mcp-hostile-open",
    source: operations,
    behaviour: "failOpen: a target that hangs, lies, floods or breaks off disturbs no other; its own callers are told its name.",
  },
  { id: "mcp-hostile-closed", source: operations, behaviour: "failClosed: an error in time that names the target." },
  { id: "mcp-hostile-process", source: operations, behaviour: "A child process may write, or not read, whatever it likes." },
  { id: "mcp-hostile-clients", source: operations, behaviour: "MCP clients that leave or do not read disturb nobody." },
  { id: "mcp-framing", source: operations, behaviour: "Any bytes of a server are an answer, or a failure; reading them throws nothing." },
  {
    id: "mcp-processes-full",
    source: operations,
    behaviour: "When a target's processes are all in use, newcomers are told so, and nobody else.",
  },
  { id: "mcp-sessions-leave", source: operations, behaviour: "Dropped MCP sessions leave no process, descriptor or session behind." },
  // MCP guardrails
  {
    id: "guardrail-request",
    source: guardrails,
    behaviour: "A processor sees a call in its target's words; what it lets pass goes on byte for byte.",
  },
  {
    id: "guardrail-response",
    source: guardrails,
    behaviour: "A processor sees results, as JSON or in streams, and neither errors nor notifications.",
  },
  { id: "guardrail-refusal", source: guardrails, behaviour: "A refusal is HTTP 200 with the JSON-RPC error of its code." },
  {
    id: "guardrail-mutation",
    source: guardrails,
    behaviour: "Processors are asked in order; each, and the target, sees what the one before made of the message.",
  },
  {
    id: "guardrail-before-rules",
    source: guardrails,
    behaviour: "mcpAuthorization decides about the call as processors made it, and knows their metadata.",
  },
  { id: "guardrail-list-once", source: guardrails, behaviour: "A list of several targets is shown once, as the client gets it." },
  {
    id: "guardrail-failure-mode",
    source: guardrails,
    behaviour: "A processor that gives no usable answer refuses by name, or is left out: logged now and then, counted each time.",
  },
  {
    id: "guardrail-one-reading",
    source: "docs/decisions/0017-mcp-guardrails.md",
    behaviour: "Guarded messages that processor and reader could understand differently are refused.",
  },
  {
    id: "guardrail-untouched",
    source: "docs/decisions/0009-mcp-relay.md",
    behaviour: "What no processor looks at goes through as the bytes that came.",
  },
  {
    id: "guardrail-reload",
    source: "docs/decisions/0004-resources-outlive-reloads.md",
    behaviour: "Connections to processors outlive reloads and are let go of when no configuration names them.",
  },
  // MCP: tool definitions that are pinned
  {
    id: "mcp-integrity-change",
    source: integrity,
    behaviour: "A tool whose description or schema changes is reported once, with what changed, in log, metric and admin API.",
  },
  {
    id: "mcp-integrity-block",
    source: integrity,
    behaviour: "In mode `block` a changed tool looks like one that does not exist, until it is approved.",
  },
  {
    id: "mcp-integrity-unlisted",
    source: integrity,
    behaviour: "A call of a tool that its caller was not shown is made only after its definition was looked up and found approved.",
  },
  {
    id: "mcp-integrity-approve",
    source: integrity,
    behaviour: "An operator's approval or rejection counts at once, and clients are told.",
  },
  {
    id: "mcp-integrity-findings",
    source: integrity,
    behaviour:
      "Definitions with hidden text, or that pass for or give orders about another target's tool, are not approved by first sight.",
  },
  {
    id: "mcp-integrity-callers",
    source: integrity,
    behaviour: "Where callers are shown different definitions, each one's calls are judged by their own.",
  },
  { id: "mcp-integrity-durable", source: integrity, behaviour: "With `config.state` what was approved is known after a restart." },
  // MCP: what goes along, web pages, streams that are silent
  {
    id: "mcp-goes-along",
    source: 'MCP specification 2025-11-25, Authorization, "Access Token Privilege Restriction"',
    behaviour: "Cookies and logins of clients reach an MCP server only where they can be meant for it, or the configuration says so.",
  },
  {
    id: "mcp-origin",
    source: 'MCP specification 2025-11-25, Transports, "Security Warning"',
    behaviour: "Over loopback addresses, web pages of origins that are neither local nor allowed by `cors` are refused.",
  },
  {
    id: "mcp-browser",
    source: "WHATWG Fetch, CORS protocol",
    behaviour: "MCP clients in a browser work with the `cors` policy of docs/how-to/browser-clients.md.",
  },
  {
    id: "mcp-keep-alive",
    source: 'WHATWG HTML, Server-sent events, "Authoring notes"',
    behaviour: "A silent event stream gets a comment every 15 seconds at the latest, never inside an event.",
  },
  // MCP: clients and servers of different eras
  {
    id: "mcp-eras",
    source: eras,
    behaviour: "Clients and servers with and without sessions meet in all four pairs, one server or several.",
  },
  { id: "mcp-eras-policies", source: eras, behaviour: "Rules, guardrails, approvals, logs and metrics are the same in all of them." },
  {
    id: "mcp-eras-questions",
    source: eras,
    behaviour: "A call that waits for its caller goes on for nobody else, once, for a time, and leaves nothing.",
  },
  { id: "mcp-eras-change", source: eras, behaviour: "A server may be updated to the other era, and put back, while clients use it." },
  {
    id: "mcp-eras-garbage",
    source: eras,
    behaviour: "Between the eras, too, any bytes of a server are an answer or a failure that names it.",
  },
  // logins at servers behind the gateway
  {
    id: "user-login",
    source: "MCP 2025-11-25, Authorization",
    behaviour: "A caller logs in at a target with a browser, once, and its calls then carry its own token there.",
  },
  {
    id: "user-login-clients",
    source: "MCP 2025-11-25, Authorization: Client Registration Approaches",
    behaviour: "The gateway is a client registered by hand, by its published description, or by request; once.",
  },
  {
    id: "user-login-elicitation",
    source: "MCP 2025-11-25, Elicitation: URL Elicitation Required",
    behaviour: "Clients that can show URLs get error -32042; others are told in words.",
  },
  {
    id: "user-login-told",
    source: "docs/decisions/0020-user-logins.md",
    behaviour: "A client that listens is told that tools have changed once its login is done.",
  },
  {
    id: "user-login-several",
    source: "docs/decisions/0020-user-logins.md",
    behaviour: "A target that wants a login fails nobody else's; it offers one tool by which to log in.",
  },
  {
    id: "user-login-anonymous",
    source: "docs/decisions/0020-user-logins.md",
    behaviour: "Without a name for the caller nothing is sent; a route where callers have none is warned of.",
  },
  { id: "user-login-apart", source: operations, behaviour: "No caller ever acts with the token of another." },
  {
    id: "user-login-renewal",
    source: "RFC 9700 section 4.14.2",
    behaviour: "A token that has expired is renewed once, however many calls want it.",
  },
  {
    id: "user-login-ended",
    source: "RFC 6749 section 5.2",
    behaviour: "A login that the server has ended is asked for again; any other failure keeps it.",
  },
  {
    id: "user-login-scopes",
    source: "RFC 6750 section 3.1",
    behaviour: "A token that lacks scopes is replaced by one with those it has and those it lacks.",
  },
  {
    id: "user-login-fixation",
    source: "RFC 9700 section 4.7",
    behaviour: "A page says for whom a login would be, and only the browser that agreed there can finish it, once.",
  },
  {
    id: "user-login-hostile",
    source: "RFC 8414 section 3.3, RFC 9207 section 2.4",
    behaviour: "Answers of authorization servers that cannot be believed end the login, with a page that says so.",
  },
  { id: "user-login-kept", source: operations, behaviour: "With `config.state` logins outlive the process." },
  {
    id: "user-login-secret",
    source: "invariant 10 of docs/architecture.md",
    behaviour: "Neither the state file nor the log holds a token or a link.",
  },
  {
    id: "user-login-revoked",
    source: "RFC 7009",
    behaviour: "Operators see who is logged in where, and can end it here and at the authorization server.",
  },
  // the article: models
  { id: "article-jwt", source: article, behaviour: "`llm.policies.jwtAuth` guards every model." },
  { id: "article-domain", source: article, behaviour: "Rules on `jwt.email` and `jwt.email_verified` decide who may call." },
  { id: "article-organisation", source: article, behaviour: "A model entry is chosen by a header, and gives its project to Vertex AI." },
  { id: "article-model-in-path", source: article, behaviour: "The model of a raw prediction is taken from the path." },
  {
    id: "article-usage",
    source: article,
    behaviour: "Tokens are counted by person, organisation and model; the access log names the person.",
  },
  // starting
  {
    id: "start-validate",
    source: operations,
    behaviour: "`--validate-only` finds everything that is wrong, with its line, and opens no port.",
  },
  {
    id: "start-wrong-config",
    source: operations,
    behaviour: "A wrong configuration ends the process with code 1 before any port is open.",
  },
  { id: "start-port-taken", source: operations, behaviour: "A port that is in use is named, the others are closed again, the code is 1." },
  { id: "start-usage", source: operations, behaviour: "Wrong arguments end with code 2 and the usage." },
  {
    id: "start-schema",
    source: "JSON Schema 2020-12",
    behaviour: "`turnpike schema` is a schema that fits the configurations that are shown.",
  },
  { id: "start-package", source: operations, behaviour: "The packed package runs with npx from an empty folder." },
  { id: "start-old-node", source: operations, behaviour: "An older Node starts the one that npm installed." },
  {
    id: "start-without-keys",
    source: operations,
    behaviour: "A key server that is down keeps nobody from starting; its routes answer 503 until it is back.",
  },
  { id: "keys-unknown", source: operations, behaviour: "Unknown key ids cause one fetch in half a minute at most." },
  // reloading
  {
    id: "reload-file",
    source: operations,
    behaviour: "A change is followed however the file was changed: in place, by renaming, behind links.",
  },
  { id: "reload-signal", source: operations, behaviour: "SIGHUP reads the configuration again." },
  {
    id: "reload-wrong",
    source: "invariant 2 of docs/architecture.md",
    behaviour: "A wrong change keeps the old state, with one line in the log and a metric.",
  },
  {
    id: "reload-lossless",
    source: "invariant 2 of docs/architecture.md",
    behaviour: "Reloads lose no request and hold nothing of what was replaced.",
  },
  {
    id: "reload-certificates",
    source: operations,
    behaviour: "New certificates are served to new connections, and no connection is refused meanwhile.",
  },
  // stopping
  { id: "stop-readiness", source: operations, behaviour: "Readiness turns before connections are refused." },
  { id: "stop-drain", source: operations, behaviour: "What is in flight ends; streams have until the deadline; the code is 0." },
  {
    id: "stop-hurry",
    source: operations,
    behaviour: "A second signal ends what is in flight; one Ctrl-C that arrives twice is not a second.",
  },
  // TLS
  { id: "tls-sni", source: "RFC 6066 section 3", behaviour: "Listener and certificate are chosen by the name that the client asks for." },
  { id: "tls-misdirected", source: "RFC 9110 section 15.5.20", behaviour: "A Host of another listener than the handshake's is 421." },
  {
    id: "tls-client-certificate",
    source: operations,
    behaviour: "A listener with `root` is reached with a certificate of that authority, and by no detour without.",
  },
  { id: "tls-versions", source: "RFC 8996", behaviour: "Each listener keeps to its own lowest TLS version." },
  {
    id: "tls-backend",
    source: operations,
    behaviour: "A backend's certificate is verified as configured; why it failed is told without the backend's address.",
  },
  // hostile clients
  { id: "clients-leave", source: operations, behaviour: "Clients that leave in the middle leave no socket, request or memory behind." },
  {
    id: "clients-slow",
    source: "invariant 6 of docs/architecture.md",
    behaviour: "Slow readers and writers cost buffers of sockets and keep nobody waiting.",
  },
];
