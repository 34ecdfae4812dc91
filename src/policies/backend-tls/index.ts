import { definePolicy } from "../../contract/policy.ts";
import type { UpstreamTls } from "../../contract/runtime.ts";
import { type BackendTLSConfig, backendTLSConfig } from "./config.ts";

/** TLS towards the backend. A property of its connections: there is nothing to do per request. */
export const backendTLS = definePolicy<BackendTLSConfig>({ name: "backendTLS", config: backendTLSConfig });

/**
 * What a connection pool needs for a `backendTLS` config.
 * @param config as `backendTLSConfig` parsed it
 * @param readFile gives the PEM files that it names
 */
export function compileBackendTls(config: unknown, readFile: (path: string) => string): UpstreamTls {
  const { cert, key, root, hostname, insecure, insecureHost, alpn, subjectAltNames } = config as BackendTLSConfig;
  if ((cert === undefined) !== (key === undefined)) throw new Error("a client certificate needs both `cert` and `key`");
  return {
    ...(cert === undefined ? {} : { cert: readFile(cert) }),
    ...(key === undefined ? {} : { key: readFile(key) }),
    ...(root === undefined ? {} : { ca: readFile(root) }),
    ...(hostname === undefined ? {} : { serverName: hostname }),
    ...(insecure ? { insecure } : {}),
    ...(insecureHost ? { insecureHost } : {}),
    ...(alpn === undefined ? {} : { alpn }),
    ...(subjectAltNames === undefined ? {} : { subjectAltNames }),
  };
}
