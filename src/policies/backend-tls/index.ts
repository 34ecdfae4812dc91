import { checkKeyPair, type PemFile, readCertificate } from "../../base/pem.ts";
import { definePolicy } from "../../contract/policy.ts";
import type { UpstreamTls } from "../../contract/runtime.ts";
import { type BackendTLSConfig, backendTLSConfig } from "./config.ts";

/** TLS towards the backend. A property of its connections: there is nothing to do per request. */
export const backendTLS = definePolicy<BackendTLSConfig>({ name: "backendTLS", config: backendTLSConfig });

/**
 * What a connection pool needs for a `backendTLS` config.
 * @param config as `backendTLSConfig` parsed it
 * @param readFile gives the PEM files that it names
 * @throws Error when one of them cannot be read or used
 */
export function compileBackendTls(config: unknown, readFile: (path: string) => string): UpstreamTls {
  const { cert, key, root, hostname, insecure, insecureHost, subjectAltNames } = config as BackendTLSConfig;
  if ((cert === undefined) !== (key === undefined)) throw new Error("a client certificate needs both `cert` and `key`");
  const read = (file: string | undefined): PemFile | undefined => (file === undefined ? undefined : { file, text: readFile(file) });
  const [certificate, privateKey, authorities] = [read(cert), read(key), read(root)];
  if (certificate !== undefined && privateKey !== undefined) checkKeyPair(certificate, privateKey);
  if (authorities !== undefined) readCertificate(authorities);
  return {
    ...(certificate === undefined ? {} : { cert: certificate.text }),
    ...(privateKey === undefined ? {} : { key: privateKey.text }),
    ...(authorities === undefined ? {} : { ca: authorities.text }),
    ...(hostname === undefined ? {} : { serverName: hostname }),
    ...(insecure ? { insecure } : {}),
    ...(insecureHost ? { insecureHost } : {}),
    ...(subjectAltNames === undefined ? {} : { subjectAltNames }),
  };
}
