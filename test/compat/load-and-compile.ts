import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import type { CompileDeps } from "../../src/config/compile/build.ts";
import { CompileError, compileRuntime } from "../../src/config/compile/runtime.ts";
import { runtimeTelemetrySettings, telemetrySettings } from "../../src/config/compile/telemetry.ts";
import { ConfigError, type ConfigIssue } from "../../src/config/issues.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ResourceRegistry, type ResourceScope } from "../../src/config/resources.ts";
import type { GatewayMetrics } from "../../src/contract/metrics.ts";
import { PinRegistry } from "../../src/mcp/integrity/registry.ts";
import { MemoryState } from "../../src/store/memory-state.ts";
import { createMemoryRateLimits } from "../../src/store/rate-limit-store.ts";
import { MemorySessionStore } from "../../src/store/session-store.ts";
import { testAuthority } from "../tls/certificates.ts";
import { testIssuer } from "../tokens.ts";

const variables = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", "TOOLS_KEY", "KEY_ALICE", "CLIENT_SECRET", "HOME"];
const environment = {
  ...Object.fromEntries(variables.map((name) => [name, `value-of-${name}`])),
  SESSION_KEY: "0123456789abcdef".repeat(4),
};

const authority = testAuthority("test authority");
const { cert, key } = authority.issue(["api.example.com", "*.example.com", "localhost"]);
const issuer = testIssuer("k");

/** What the files hold that configurations name. */
const files: Readonly<Record<string, string>> = {
  "examples/tls/certs/cert.pem": cert,
  "examples/tls/certs/key.pem": key,
  "certs/api.pem": cert,
  "certs/api-key.pem": key,
  "certs/all.pem": cert,
  "certs/all-key.pem": key,
  "certs/clients.pem": authority.cert,
  "certs/ca.pem": authority.cert,
  "./manifests/jwt/pub-key": issuer.jwks,
  "./users.htpasswd": "admin:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n",
  "/run/secrets/wiki": "secret\n",
  "/run/secrets/b": "secret\n",
  "/run/secrets/models": "secret\n",
  "/run/secrets/google.json": JSON.stringify({ type: "authorized_user", client_id: "i", client_secret: "s", refresh_token: "r" }),
  "./petstore.json": JSON.stringify({
    openapi: "3.0.0",
    info: { title: "pets", version: "1" },
    paths: { "/pets": { get: { operationId: "listPets", responses: { "200": { description: "pets" } } } } },
  }),
};

/** Holds nothing that would fetch: key sets and documents of other hosts stay unfetched in a test. */
class OfflineResources {
  private readonly scope: ResourceScope = new ResourceRegistry().scope();

  acquire<T>(key: string, create: () => T, dispose?: (resource: T) => void): T {
    if (!/^(?:key-set|openapi|authorization-server) https?:/.test(key)) return this.scope.acquire(key, create, dispose);
    return { version: 0, ready: Promise.resolve(), find: () => undefined, settled: () => Promise.resolve() } as T;
  }

  release(): void {
    this.scope.release();
  }
}

const silent = (): void => {};
const counting = new Proxy({}, { get: () => silent }) as GatewayMetrics;

export interface Outcome {
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly string[];
}

/** Loads and compiles as the gateway does; opens nothing. */
export function loadAndCompile(text: string): Outcome {
  const sessions = new MemorySessionStore({ clock: systemClock, maxSessions: 10, reapEveryMs: 3_600_000 });
  try {
    const loaded = loadConfig(text, { file: "c.yaml", environment });
    const resources = new OfflineResources();
    const log = { debug: silent, info: silent, warn: silent, error: silent };
    const deps: CompileDeps = {
      clock: systemClock,
      log,
      metrics: counting,
      stores: { rateLimits: createMemoryRateLimits(systemClock), sessions, state: new MemoryState(), secrets: new MemoryState() },
      resources: resources as unknown as ResourceScope,
      pool: { connectTimeoutMs: 1, idleTimeoutMs: 1, maxIdle: undefined, keepAlive: undefined },
      readFile: (path) => files[path] ?? assert.fail(`cannot read the file ${path}`),
      environment,
      version: "0",
      toolPins: new PinRegistry({ store: new MemoryState(), clock: systemClock, log, metrics: counting }),
    };
    const located = (path: string, message: string): ConfigIssue => loaded.issueAt(path, message);
    try {
      telemetrySettings(loaded.config, "0", environment);
      runtimeTelemetrySettings(loaded.config, environment);
      const { runtime, warnings } = compileRuntime(loaded.config, deps);
      runtime.release();
      const all = [...loaded.warnings, ...warnings.map(({ path, message }) => located(path, message))];
      return { issues: [], warnings: all.map(({ path, message }) => `${path}: ${message}`) };
    } catch (thrown) {
      if (!(thrown instanceof CompileError)) throw thrown;
      return { issues: thrown.problems.map(({ path, message }) => located(path, message)), warnings: [] };
    }
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return { issues: thrown.issues, warnings: [] };
  } finally {
    sessions.close();
  }
}
