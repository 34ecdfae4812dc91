import type { Connection } from "../../contract/exchange.ts";
import { fieldTable } from "./field-view.ts";

/** CEL `source`. */
export const sourceFields = fieldTable<Connection>({
  address: ({ remoteAddress }) => plainAddress(remoteAddress),
  port: ({ remotePort }) => remotePort,
  rawAddress: ({ remoteAddress }) => plainAddress(remoteAddress),
  rawPort: ({ remotePort }) => remotePort,
  subjectAltNames: ({ tls }) => alternativeNames(tls),
  spiffeId: ({ tls }) => spiffeId(tls),
  identity: ({ tls }) => workloadIdentity(spiffeId(tls)),
  subject: ({ tls }) => tls?.subject,
  subjectCn: ({ tls }) => tls?.subject,
});

/** CEL `destination`. */
export const destinationFields = fieldTable<Connection>({
  address: ({ localAddress }) => plainAddress(localAddress),
  port: ({ localPort }) => localPort,
  hostname: ({ tls }) => tls?.serverName,
});

/** Sockets that serve both versions show IPv4 addresses inside of IPv6 ones (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

/** Node writes the kind in front of each name: `URI:spiffe://...`, `DNS:example.com`. */
function alternativeNames(tls: Connection["tls"]): string[] {
  return (tls?.subjectAltNames ?? []).map((name) => name.replace(/^(?:URI|DNS|IP Address|email):/, ""));
}

function spiffeId(tls: Connection["tls"]): string | undefined {
  return alternativeNames(tls).find((name) => name.startsWith("spiffe://"));
}

/** The parts of an id of the form that Istio gives to workloads. */
function workloadIdentity(id: string | undefined): Record<string, string> | undefined {
  const found = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(id ?? "");
  if (found === null) return undefined;
  const [, trustDomain, namespace, serviceAccount] = found as unknown as [string, string, string, string];
  return { trustDomain, namespace, serviceAccount };
}
