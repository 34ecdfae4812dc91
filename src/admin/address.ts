/** Where an admin server listens. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly hosts: readonly string[]; readonly port: number; readonly loopback: boolean }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "off" };

const form = "write `ip:port`, `localhost:port`, `[ipv6]:port`, `unix:/path` or `off`";

/** @throws Error naming the address and the forms that are understood */
export function parseAddress(text: string): ListenAddress {
  if (text === "off") return { kind: "off" };
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (!path.startsWith("/")) throw new Error(`\`${text}\` names no absolute path; ${form}`);
    return { kind: "unix", path };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})|(localhost)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[4]);
  if (match === null || port > 65_535) throw new Error(`\`${text}\` is no address to listen on; ${form}`);
  if (match[3] !== undefined) return { kind: "tcp", hosts: ["127.0.0.1", "::1"], port, loopback: true };
  const host = (match[1] ?? match[2]) as string;
  return { kind: "tcp", hosts: [host], port, loopback: host === "::1" || host.startsWith("127.") };
}

/** `host:port` with IPv6 in brackets. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
