/** Where spans are sent. */
export interface Collector {
  readonly protocol: "grpc" | "http";
  /** With the path for `http`; scheme, host and port for `grpc`. */
  readonly url: string;
  /** Sent with each export, e.g. `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const defaultPath = "/v1/traces";

/** `frontendPolicies.tracing`, as far as it says where to. */
export interface PolicyCollector {
  /** `host`, `host:port`, or a URL. */
  readonly host: string;
  readonly protocol: "grpc" | "http";
  readonly path?: string | undefined;
  readonly tls: boolean;
}

/** @throws Error when the host makes no URL */
export function policyCollector({ host, protocol, path, tls }: PolicyCollector): Collector {
  const base = host.includes("://") ? host : `${tls ? "https" : "http"}://${host}`;
  return { protocol, url: exportUrl(base, protocol, path), headers: {} };
}

/** The older `config.tracing`. */
export interface StaticCollector {
  readonly otlpEndpoint?: string | undefined;
  readonly otlpProtocol?: "grpc" | "http" | undefined;
  readonly path?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Where `config.tracing` and the environment say that spans go. `OTLP_ENDPOINT` wins over the file; OpenTelemetry's own
 * variables fill in what the file leaves open.
 * @returns undefined when neither names an endpoint: there is no tracing then
 * @throws Error when the endpoint is no URL
 */
export function staticCollector(config: StaticCollector, environment: Environment): Collector | undefined {
  const protocol = config.otlpProtocol ?? protocolOf(variable(environment, "PROTOCOL")) ?? "grpc";
  const headers = { ...pairs(variable(environment, "HEADERS")), ...config.headers };
  const endpoint = environment["OTLP_ENDPOINT"] ?? config.otlpEndpoint;
  if (endpoint !== undefined) return { protocol, url: exportUrl(endpoint, protocol, config.path), headers };

  const forTraces = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  if (forTraces !== undefined) return { protocol, url: checked(forTraces), headers }; // used as it is, path and all
  const forAll = environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (forAll === undefined) return undefined;
  const url = protocol === "grpc" ? checked(forAll) : checked(forAll.replace(/\/?$/, config.path ?? defaultPath));
  return { protocol, url, headers };
}

/** The signal's own variable comes before the general one (OpenTelemetry's OTLP exporter specification). */
function variable(environment: Environment, name: string): string | undefined {
  return environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] ?? environment[`OTEL_EXPORTER_OTLP_${name}`];
}

function protocolOf(text: string | undefined): "grpc" | "http" | undefined {
  if (text === undefined) return undefined;
  return text.startsWith("http") ? "http" : "grpc";
}

/** `a=1,b=2`, values percent-encoded: OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES. Bad members are left out. */
export function pairs(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const member of (text ?? "").split(",")) {
    const at = member.indexOf("=");
    if (at <= 0) continue;
    const value = member.slice(at + 1).trim();
    found[member.slice(0, at).trim()] = decoded(value);
  }
  return found;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function exportUrl(endpoint: string, protocol: "grpc" | "http", path: string | undefined): string {
  const base = checked(endpoint.includes("://") ? endpoint : `http://${endpoint}`);
  if (protocol === "grpc") return base;
  const url = new URL(base);
  if (path !== undefined || url.pathname === "/") url.pathname = path ?? defaultPath;
  return url.href;
}

function checked(endpoint: string): string {
  if (!URL.canParse(endpoint)) throw new Error(`the trace collector's endpoint \`${endpoint}\` is not a URL`);
  return endpoint;
}
