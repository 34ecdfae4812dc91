import type { Socket } from "node:net";
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from "node:tls";
import { buildConnector } from "undici";
import type { UpstreamAddress, UpstreamTls } from "../contract/runtime.ts";
import type { PoolDeps, PoolSettings } from "./pool-settings.ts";

/** Opens connections to one address, and measures how long each takes, TLS handshake included. */
export function connector(address: UpstreamAddress, settings: PoolSettings, { clock, metrics }: PoolDeps): buildConnector.connector {
  const { tls, host } = address;
  const options = {
    timeout: address.connectTimeoutMs ?? settings.connectTimeoutMs,
    allowH2: false,
    keepAlive: false, // undici knows no interval and count: set below
    ...(tls === undefined ? {} : tlsOptions(tls, host)),
  };
  const connect = buildConnector(options as buildConnector.BuildOptions);
  const transport = tls === undefined ? "plaintext" : "tls";
  const keepAlive = address.keepAlive === undefined ? settings.keepAlive : address.keepAlive === "off" ? undefined : address.keepAlive;
  return (target, callback) => {
    const startedAt = clock.monotonic();
    connect(target, (...result: [Error, null] | [null, Socket]) => {
      const [failure, socket] = result;
      if (failure === null) {
        if (keepAlive !== undefined) socket.setKeepAlive(true, keepAlive.timeMs, keepAlive.intervalMs, keepAlive.probes);
        metrics.upstreamConnected(transport, clock.monotonic() - startedAt);
      }
      callback(...(result as Parameters<typeof callback>));
    });
  };
}

function tlsOptions(tls: UpstreamTls, host: string): ConnectionOptions {
  return {
    servername: tls.serverName ?? (isIpAddress(host) ? "" : host),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.insecure === true ? { rejectUnauthorized: false } : {}),
    ...identityCheck(tls),
  };
}

export function identityCheck(tls: UpstreamTls): Pick<ConnectionOptions, "checkServerIdentity"> {
  if (tls.insecureHost === true) return { checkServerIdentity: () => undefined };
  if (tls.subjectAltNames === undefined) return {};
  return { checkServerIdentity: anyOfNames(tls.subjectAltNames) };
}

/** The certificate must be for one of the names given, not for the host. */
function anyOfNames(names: readonly string[]): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, certificate) => {
    let refused: Error | undefined;
    for (const name of names) {
      refused = checkServerIdentity(name, certificate);
      if (refused === undefined) return undefined;
    }
    return refused;
  };
}

function isIpAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
