import { unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect, type ListenOptions } from "node:net";
import { formatHostPort, type ListenAddress } from "./address.ts";

/** A server that listens. */
export interface Listening {
  /** As it can be asked: `127.0.0.1:15000`, `unix:/path`. */
  readonly address: string;
  /** Stops accepting; replies under way get a moment. */
  close(): Promise<void>;
}

/** Milliseconds for replies under way when the server closes. */
const closeAfterMs = 500;

/**
 * Opens the address; `create` makes a server for each socket, as `localhost` is two of them.
 * @throws node's error (EADDRINUSE, EACCES, ...) of the first socket; a machine without IPv6 does without the second
 */
export async function listen(address: Exclude<ListenAddress, { kind: "off" }>, create: () => Server): Promise<Listening> {
  if (address.kind === "unix") {
    const server = create();
    await openUnix(server, address.path);
    return { address: `unix:${address.path}`, close: () => close([server]) };
  }
  const first = create();
  const [host, ...others] = address.hosts as [string, ...string[]];
  const bound = await openTcp(first, host, address.port);
  const servers = [first];
  for (const other of others) {
    const server = create();
    const opened = await open(server, { host: other, port: bound.port }).then(
      () => true,
      () => false,
    );
    if (opened) servers.push(server);
  }
  return { address: formatHostPort(bound.host, bound.port), close: () => close(servers) };
}

async function openTcp(server: Server, host: string, port: number): Promise<{ host: string; port: number }> {
  try {
    await open(server, { host, port });
  } catch (error) {
    if (host !== "::" || codeOf(error) !== "EAFNOSUPPORT") throw error;
    await open(server, { host: "0.0.0.0", port }); // no IPv6 on this machine
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? { host: address.address, port: address.port } : { host, port };
}

/** A socket file that a process left behind when it was killed is replaced; one that answers is not. */
async function openUnix(server: Server, path: string): Promise<void> {
  try {
    await open(server, { path });
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" || (await answers(path))) throw error;
    unlinkSync(path);
    await open(server, { path });
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: 1_000 });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(true));
    socket.once("error", (error) => settle(codeOf(error) !== "ECONNREFUSED"));
  });
}

function open(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function close(servers: readonly Server[]): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  for (const server of servers) server.closeIdleConnections();
  const deadline = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, closeAfterMs);
  await closed;
  clearTimeout(deadline);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
