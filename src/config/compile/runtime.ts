import { createSecureContext } from "node:tls";
import { checkKeyPair, type PemFile, readCertificate } from "../../base/pem.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { BindCertificate, BindSocket, CompiledBind, CompiledListener, Runtime } from "../../contract/runtime.ts";
import { hostOf } from "../../pipeline/match.ts";
import type { ListenerTls } from "../schema/tls.ts";
import type { Config } from "../schema/document.ts";
import { Build, type CompileDeps, type CompileProblem } from "./build.ts";
import { checkTargets } from "./check-targets.ts";
import { checkTelemetry } from "./check-telemetry.ts";
import { compileNetworkRules } from "./network.ts";
import { compileListener } from "./routes.ts";
import { type BindSpec, bindSpecs, type ListenerSpec } from "./specs.ts";
import { tcpKeepAlive } from "./tcp.ts";

/** Milliseconds for the head of a request, however long an idle connection may wait for one. */
const maxHeadersTimeoutMs = 30_000;
/** Fields of a request where the configuration sets no limit: that of the reference's HTTP library. */
const defaultMaxHeaders = 100;

/** Everything in a configuration that could not be compiled. */
export class CompileError extends Error {
  readonly problems: readonly CompileProblem[];

  constructor(problems: readonly CompileProblem[]) {
    super(problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
    this.name = "CompileError";
    this.problems = problems;
  }
}

export interface Compiled {
  readonly runtime: Runtime;
  readonly warnings: readonly CompileProblem[];
}

/** Compiles a configuration. Throws when something in it cannot be compiled; then nothing was started. */
export function compileRuntime(config: Config, deps: CompileDeps): Compiled {
  const build = new Build(config, deps);
  const specs = bindSpecs(config);
  checkTargets(build, specs);
  checkTelemetry(build);
  const binds = new Map(specs.map((spec) => [spec.key, compileBind(build, spec)]));
  if (build.problems.length > 0) throw new CompileError(build.problems);
  const remotesReady = Promise.all(build.expected).then(() => {});
  remotesReady.catch(() => {}); // only --validate-only waits for it
  return { runtime: { binds, remotesReady, release: () => deps.resources.release() }, warnings: build.warnings };
}

function compileBind(build: Build, spec: BindSpec): CompiledBind {
  const { frontendPolicies, config } = build.config;
  const listeners = spec.listeners.map((listener) => ({
    hostname: listener.hostname,
    asksClients: listener.tls?.root !== undefined,
    compiled: compileListener(build, listener),
  }));
  const { http } = frontendPolicies;
  const names = {
    bind: spec.listeners[0]?.names.bind ?? spec.key,
    gateway: spec.listeners[0]?.names.gateway ?? "unknown",
    listener: "unknown",
  };
  return {
    key: spec.key,
    host: (config?.enableIpv6 ?? true) ? "::" : "0.0.0.0",
    port: spec.port,
    socket: bindSocket(build, spec),
    limits: { maxBufferSize: http?.maxBufferSize ?? 2_097_152 },
    pick: compilePick(listeners),
    names,
    admits:
      frontendPolicies.networkAuthorization === undefined ? undefined : compileNetworkRules(frontendPolicies.networkAuthorization, build),
  };
}

function bindSocket(build: Build, spec: BindSpec): BindSocket {
  const { http, tls } = build.config.frontendPolicies;
  const idleTimeoutMs = http?.http1IdleTimeout ?? 600_000;
  const certificates = spec.listeners.flatMap((listener) => {
    const { tls: own } = listener;
    if (own === undefined) return [];
    return build.attempt(`${listener.path}.tls`, () => certificate(build, listener, own)) ?? [];
  });
  return {
    maxHeaders: http?.http1MaxHeaders ?? defaultMaxHeaders,
    idleTimeoutMs,
    headersTimeoutMs: Math.min(idleTimeoutMs, maxHeadersTimeoutMs),
    maxConnectionMs: http?.maxConnectionDuration,
    keepAlive: tcpKeepAlive(build.config.frontendPolicies.tcp?.keepalives),
    tls:
      certificates.length === 0
        ? undefined
        : { certificates: certificates.sort(mostSpecificFirst), handshakeTimeoutMs: tls?.handshakeTimeout ?? 15_000 },
  };
}

/** Read and checked here: a certificate that node would refuse must not cost a port that is open. */
function certificate(build: Build, listener: ListenerSpec, tls: ListenerTls): BindCertificate {
  const read = (file: string): PemFile => ({ file, text: build.deps.readFile(file) });
  const frontend = build.config.frontendPolicies.tls;
  const [cert, key, root] = [read(tls.cert), read(tls.key), tls.root === undefined ? undefined : read(tls.root)];
  checkKeyPair(cert, key);
  if (root !== undefined) readCertificate(root);
  const choice = {
    minVersion: tls.minTLSVersion ?? frontend?.minVersion,
    maxVersion: tls.maxTLSVersion ?? frontend?.maxVersion,
    ciphers: ciphersOf(tls.cipherSuites ?? frontend?.cipherSuites),
  };
  checkChoice(choice);
  return {
    hostname: listener.hostname === "*" ? undefined : listener.hostname,
    cert: cert.text,
    key: key.text,
    clientCa: root?.text,
    ...choice,
  };
}

/** An empty list allows what there is. */
function ciphersOf(suites: readonly string[] | undefined): string | undefined {
  return suites === undefined || suites.length === 0 ? undefined : suites.join(":");
}

function checkChoice({ minVersion, maxVersion, ciphers }: Pick<BindCertificate, "minVersion" | "maxVersion" | "ciphers">): void {
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2") throw new Error("the lowest TLS version is above the highest");
  if (ciphers === undefined) return;
  try {
    createSecureContext({ ciphers });
  } catch (cause) {
    throw new Error("`cipherSuites` names none that this Node knows", { cause });
  }
}

/** Exact names, then wildcards from the longest, then any name. */
function mostSpecificFirst(one: { hostname: string | undefined }, other: { hostname: string | undefined }): number {
  return rank(other.hostname) - rank(one.hostname);
}

function rank(hostname: string | undefined): number {
  if (hostname === undefined || hostname === "*") return 0;
  return hostname.startsWith("*.") ? hostname.length : 1_000 + hostname.length;
}

interface PickableListener {
  readonly hostname: string | undefined;
  /** Only clients with a certificate may come here. */
  readonly asksClients: boolean;
  readonly compiled: CompiledListener;
}

/**
 * Finds the listener by Host, which on TLS must agree with the handshake's server name: certificates and client checks are
 * per listener. A handshake without a name was that of the last, and gives no way to those that ask for client certificates.
 */
function compilePick(listeners: readonly PickableListener[]): CompiledBind["pick"] {
  const sorted = [...listeners].sort(mostSpecificFirst);
  const [only] = sorted;
  if (sorted.length === 1 && only !== undefined && rank(only.hostname) === 0) return () => only.compiled;
  const find = (host: string): PickableListener | undefined => sorted.find(({ hostname }) => serves(hostname, host));
  return (authority, serverName) => {
    const listener = find(hostOf(authority));
    if (listener === undefined) throw new GatewayError("listener_not_found");
    const greeted = serverName === undefined ? sorted.at(-1) : find(serverName);
    if (greeted !== listener && (serverName !== undefined || listener.asksClients)) throw new GatewayError("misdirected_request");
    return listener.compiled;
  };
}

function serves(hostname: string | undefined, host: string): boolean {
  if (hostname === undefined || hostname === "*") return true;
  return hostname.startsWith("*.") ? host.endsWith(hostname.slice(1)) : hostname === host;
}
