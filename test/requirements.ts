/** What the gateway promises to those who run it, each with where it comes from. A test says which ones it shows: `shows: id`. */
export interface Requirement {
  /** Cited by tests; never given to another requirement. */
  readonly id: string;
  readonly source: string;
  readonly behaviour: string;
}

const article = "the article of April 2026 about the reference project (test/article)";
const operations = "docs/architecture.md";

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
