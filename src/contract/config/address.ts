import { isIP } from "node:net";
import * as z from "zod";

/** A host and port to connect to. IPv6 addresses come without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `name:port`, `1.2.3.4:port` and `[::1]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]/?#@\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  if (match[1] !== undefined) return isIP(match[1]) === 6 ? { host: match[1], port } : undefined;
  return { host: match[2]!.toLowerCase(), port };
}

/** The address of a backend, `host:port`. */
export function hostPort() {
  return z
    .string()
    .transform((text, context): HostPort => {
      const parsed = parseHostPort(text);
      if (parsed !== undefined && parsed.port !== 0) return parsed;
      context.addIssue({ code: "custom", message: hostPortText(text) });
      return z.NEVER;
    })
    .meta({ format: "host-port" });
}

function hostPortText(text: string): string {
  if (/^https?:\/\//i.test(text)) return "expected host:port, not a URL; TLS is switched on with the backend policy `backendTLS`";
  return 'expected host:port, such as "api.internal:8080" or "[::1]:8080"';
}

/** Where one of the gateway's own endpoints listens. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "off" };

/** `ip:port`, `localhost:port`, `unix:/path` or `off`. */
export function listenAddress() {
  return z
    .string()
    .transform((text, context): ListenAddress => {
      const parsed = parseListenAddress(text);
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: "custom", message: "expected ip:port, localhost:port, unix:/path or off" });
      return z.NEVER;
    })
    .meta({ format: "listen-address" });
}

function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === "off") return { kind: "off" };
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path === "" ? undefined : { kind: "unix", path };
  }
  const parsed = parseHostPort(text);
  if (parsed === undefined) return undefined;
  return parsed.host === "localhost" || isIP(parsed.host) !== 0 ? { kind: "tcp", ...parsed } : undefined;
}

const label = "[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?";
const hostName = new RegExp(`^${label}(?:\\.${label})*\\.?$`, "i");

/** A name or an IP address, IPv6 with or without brackets; no port. */
export function isHost(text: string): boolean {
  return hostName.test(text) || isIP(text.replace(/^\[(.*)\]$/, "$1")) !== 0;
}

/** A host name that a listener or route serves: a name, or a wildcard `*.example.com`, or `*`. Output: lower case. */
export function hostnamePattern() {
  return z
    .string()
    .refine(
      (name) => name === "*" || isHost(name.replace(/^\*\./, "")),
      "expected a host name without port, such as api.example.com or *.example.com",
    )
    .transform((name) => name.toLowerCase());
}
