import { HeaderList } from "../../../src/base/headers.ts";
import { PushStream } from "../../../src/base/push-stream.ts";
import { Reply } from "../../../src/contract/reply.ts";
import { FakeServer, type FakeServerOptions, type RpcMessage } from "../fake-server.ts";
import type { Answered, RequestOptions, Rig } from "../rig.ts";

/** One call at a server that has only sessions, and may ask back in it. */
export interface AskedCall {
  readonly message: RpcMessage;
  /** Resolves with the client's response. */
  readonly ask: (method: string, params?: object) => Promise<RpcMessage>;
  readonly send: (message: object) => void;
  readonly stream: PushStream;
}

/** A server with sessions whose tools run a script; what it returns is the tool's text. */
export function askingServer(script: (call: AskedCall) => Promise<string>, options: FakeServerOptions = {}): FakeServer {
  const waiting = new Map<unknown, (response: RpcMessage) => void>();
  let asked = 0;
  const server = new FakeServer({
    sessions: true,
    ...options,
    answers: {
      ...options.answers,
      "tools/call": ({ message }: { message: RpcMessage }) => {
        const stream = new PushStream({ maxWaitingBytes: 1_000_000 });
        const send = (sent: object): void => void stream.write(Buffer.from(`data: ${JSON.stringify(sent)}\n\n`));
        const ask = (method: string, params: object = {}): Promise<RpcMessage> => {
          const id = `asked-${(asked += 1)}`;
          send({ jsonrpc: "2.0", id, method, params });
          return new Promise((resolve) => void waiting.set(id, resolve));
        };
        void script({ message, ask, send, stream }).then((text) => {
          send({ jsonrpc: "2.0", id: message.id, result: { content: [{ type: "text", text }] } });
          stream.end();
        });
        return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
      },
    },
  });
  const { send } = server;
  return Object.assign(server, {
    send: (outgoing: Parameters<typeof send>[0]) => {
      const reply = send(outgoing);
      const message = server.received.at(-1)?.message;
      if (message !== undefined && message.method === undefined) waiting.get(message.id)?.(message);
      return reply;
    },
  });
}

export interface StatelessOptions extends RequestOptions {
  readonly capabilities?: object;
  readonly meta?: object;
  readonly id?: number | string;
}

const version = "2026-07-28";

/** What a client without sessions sends, and with which header fields. */
export function statelessRequest(
  method: string,
  params: Record<string, unknown> = {},
  { capabilities = { elicitation: {} }, meta = {}, id = 1, ...options }: StatelessOptions = {},
): [unknown, RequestOptions] {
  const name = method === "resources/read" ? params["uri"] : params["name"];
  const headers = {
    "mcp-protocol-version": version,
    "mcp-method": method,
    ...(typeof name === "string" ? { "mcp-name": name } : {}),
    ...options.headers,
  };
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": capabilities,
    "io.modelcontextprotocol/clientInfo": { name: "new", version: "1" },
    ...meta,
  };
  return [
    { jsonrpc: "2.0", id, method, params: { ...params, _meta } },
    { ...options, headers },
  ];
}

/** Sends a request without a session. */
export function callStateless(
  rig: Rig,
  method: string,
  params: Record<string, unknown> = {},
  options: StatelessOptions = {},
): Promise<Answered> {
  return rig.post(...statelessRequest(method, params, options));
}

/** A server of 2026-07-28 alone: it refuses everything older. */
export function statelessServer(answers: FakeServerOptions["answers"] = {}): FakeServer {
  const server = new FakeServer({
    answers: {
      "server/discover": {
        resultType: "complete",
        supportedVersions: [version],
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
        ttlMs: 0,
        cacheScope: "private",
      },
      ...answers,
    },
  });
  const { send } = server;
  return Object.assign(server, {
    send: (outgoing: Parameters<typeof send>[0]) => {
      const known = outgoing.head.headers.get("mcp-protocol-version") === version;
      if (known) return send(outgoing);
      void send(outgoing); // noted
      return Promise.resolve(unsupported());
    },
  });
}

export function unsupported(): Reply {
  const error = { code: -32022, message: "Unsupported protocol version", data: { supported: [version], requested: "2025-11-25" } };
  return Reply.json(400, { jsonrpc: "2.0", id: null, error });
}
