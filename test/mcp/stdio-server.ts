/** A small MCP server over stdio for tests; what it does is chosen by the tool that is called. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: Record<string, unknown>;
    readonly _meta?: { readonly progressToken?: unknown };
  };
  readonly result?: unknown;
  readonly error?: unknown;
}

const write = (message: object): boolean => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const text = (value: unknown): object => ({ content: [{ type: "text", text: typeof value === "string" ? value : JSON.stringify(value) }] });

let waiting: Message | undefined;
let initialized = 0;

const tools: Record<string, (message: Message) => void> = {
  echo: ({ id, params }) => write({ id, result: text(params) }),
  pid: ({ id }) => write({ id, result: text(String(process.pid)) }),
  env: ({ id }) => write({ id, result: text(process.env) }),
  initialized: ({ id }) => write({ id, result: text(initialized) }),
  hang: () => {},
  die: () => process.exit(7),
  slow: ({ id, params }) => setTimeout(() => write({ id, result: text(params?.arguments) }), Number(params?.arguments?.["ms"])),
  progress: ({ id, params }) => {
    for (const progress of [1, 2])
      write({ method: "notifications/progress", params: { progressToken: params?._meta?.progressToken, progress } });
    write({ id, result: text("done") });
  },
  ask(message) {
    waiting = message;
    write({ id: "q1", method: "sampling/createMessage", params: {} });
  },
  announce: ({ id }) => {
    write({ id, result: text("announced") });
    write({ method: "notifications/tools/list_changed" });
  },
  garbage: ({ id }) => {
    process.stdout.write("this is no JSON\n\n[]\r\n");
    write({ id, result: text("clean") });
  },
  flood: () => void process.stdout.write("x".repeat(3_000_000)),
  stderr: ({ id, params }) => {
    for (let i = 0; i < Number(params?.arguments?.["lines"]); i++) process.stderr.write(`line ${i}\n`);
    write({ id, result: text("written") });
  },
  child: ({ id }) => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    write({ id, result: text(String(child.pid)) });
  },
  stubborn: ({ id }) => {
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1_000);
    write({ id, result: text("SIGTERM is ignored from now on") });
  },
};

if (process.argv[2] === "broken") process.exit(3);

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line) as Message;
  const { id, method, params } = message;
  if (method === "initialize") {
    const result = { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "small", version: "1" } };
    write({ id, result });
  } else if (method === "notifications/initialized") initialized += 1;
  else if (method === "tools/list")
    write({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: "object" } })) } });
  else if (method === "tools/call") tools[params?.name ?? ""]?.(message);
  else if (method === undefined && waiting !== undefined) write({ id: waiting.id, result: text(message) });
  else if (id !== undefined) write({ id, result: {} });
});
