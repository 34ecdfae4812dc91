import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { freePort } from "../gateway-process.ts";

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** Entry points of the official servers. */
export const everything = `${modules}@modelcontextprotocol/server-everything/dist/index.js`;
export const memory = `${modules}@modelcontextprotocol/server-memory/dist/index.js`;
export const filesystem = `${modules}@modelcontextprotocol/server-filesystem/dist/index.js`;
export const sequentialThinking = `${modules}@modelcontextprotocol/server-sequential-thinking/dist/index.js`;
/** Entry points of official and widely used clients. */
export const mcpRemote = `${modules}mcp-remote/dist/proxy.js`;
export const inspector = `${modules}@modelcontextprotocol/inspector/clients/launcher/build/index.js`;

/** A `stdio:` target running a script with this Node, as YAML flow. */
export function stdio(script: string, ...args: readonly string[]): string {
  return `{cmd: ${JSON.stringify(process.execPath)}, args: ${JSON.stringify([script, ...args])}}`;
}

export interface RunningServer {
  readonly port: number;
  readonly child: ChildProcess;
  close(): Promise<void>;
}

/** server-everything over HTTP, in a process of its own. */
export async function startEverything(port?: number, transport: "streamableHttp" | "sse" = "streamableHttp"): Promise<RunningServer> {
  const chosen = port ?? (await freePort());
  const child = spawn(process.execPath, [everything, transport], {
    env: { PATH: process.env["PATH"], PORT: String(chosen) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      if (/listening|running/i.test(chunk.toString())) resolve();
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    void exited.then(() => reject(new Error("server-everything ended")));
  });
  return {
    port: chosen,
    child,
    close() {
      child.kill("SIGKILL");
      return exited;
    },
  };
}

/** Runs MCP Inspector on an endpoint. @returns its exit code and output */
export async function inspect(url: string, ...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-inspector-"));
  const child = spawn(process.execPath, [inspector, "--cli", url, "--transport", "http", ...args], {
    env: { PATH: process.env["PATH"], HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  rmSync(folder, { recursive: true, force: true });
  return { code, output };
}

/** An official client (SDK 1.x) connected to an MCP endpoint. */
export async function connect(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Client> {
  const client = new Client(
    { name: "test", version: "1" },
    { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
  );
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { ...headers } } });
  await client.connect(transport as Transport);
  return client;
}
