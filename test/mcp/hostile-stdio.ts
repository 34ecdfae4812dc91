/** A child process that is no good MCP server; the first argument says in which way. */
import { createInterface } from "node:readline";

interface Message {
  readonly id?: string | number;
  readonly method?: string;
}

const write = (text: string): boolean => process.stdout.write(text);
const answer = ({ id }: Message, result: object): boolean => write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`);
const hello = { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } };
const results: Readonly<Record<string, object>> = {
  initialize: hello,
  "tools/list": { tools: [{ name: "tool", inputSchema: { type: "object" } }] },
};

function endlessly(chunk: string): void {
  if (process.stdout.write(chunk)) setImmediate(endlessly, chunk);
  else process.stdout.once("drain", () => endlessly(chunk));
}

const work: Readonly<Record<string, (message: Message) => void>> = {
  "says nothing": () => {},
  "answers somebody else": (message) => void answer({ ...message, id: "somebody" }, {}),
  "answers in a batch": ({ id }) => void write(`[{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{}}]\n`),
  "writes what is no message": () => void write('hello\n{"jsonrpc":\n[1,2]\n"x"\n\u0000\u0001\n{}\n{"id":{}}\n{"method":7}\n'),
  "writes a line without end": () => endlessly("x".repeat(100_000)),
  "floods with notifications": () =>
    endlessly(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { data: "x".repeat(1_048_576) } })}\n`),
  "floods with requests": () => endlessly(`${JSON.stringify({ jsonrpc: "2.0", id: "again", method: "ping" })}\n`),
  "floods unasked and does not read": () => {
    process.stdin.pause();
    endlessly(`${JSON.stringify({ jsonrpc: "2.0", id: "x".repeat(1_000), method: "sampling/createMessage" })}\n`.repeat(20));
  },
  "floods its errors": () => setInterval(() => process.stderr.write(`${"e".repeat(200)}\n`.repeat(200)), 1),
  dies: () => process.exit(9),
  "closes its output": () => process.stdout.end(),
};

const [mode = "", politely] = process.argv.slice(2);
if (mode === "dies every second") setTimeout(() => process.exit(8), 1_000);
if (mode === "dies at once") process.exit(3);
if (mode === "does not read") setInterval(() => {}, 1_000);
else {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const message = JSON.parse(line) as Message;
    const unasked = mode.includes("unasked") && message.id === undefined;
    const greets = !unasked && (message.method === "initialize" || message.id === undefined);
    const misdeed = politely === "politely" && greets ? undefined : work[mode];
    if (misdeed !== undefined) misdeed(message);
    else if (mode === "speaks byte by byte") slowly(message);
    else if (message.id !== undefined) answer(message, results[message.method ?? ""] ?? {});
  });
}

function slowly(message: Message): void {
  if (message.id === undefined) return;
  const bytes = Array.from(`${JSON.stringify({ jsonrpc: "2.0", id: message.id, result: results[message.method ?? ""] ?? {} })}\n`);
  const timer = setInterval(() => {
    const byte = bytes.shift();
    if (byte === undefined) clearInterval(timer);
    else write(byte);
  }, 1);
}
