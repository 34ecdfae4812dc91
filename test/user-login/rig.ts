import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { FakeUpstream, type UpstreamOptions } from "./fake-upstream.ts";

type UserLoginConfig = Readonly<Record<string, unknown>>;

export interface LoginRigOptions {
  readonly upstream?: UpstreamOptions;
  /** More of `userLogin`. */
  readonly userLogin?: UserLoginConfig | ((upstream: FakeUpstream) => UserLoginConfig);
  /** More of `mcp`; its `targets` are put behind the one that wants logins. */
  readonly mcp?: Readonly<Record<string, unknown>>;
  readonly targets?: readonly object[];
  /** How the server is reached; `mcp` when absent. */
  readonly reach?: (url: string) => object;
  /** More of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly policies?: Readonly<Record<string, unknown>>;
  /** A caller's credential; the API key when absent. */
  readonly credentialOf?: (user: string) => string;
}

export interface LoginRig {
  readonly upstream: FakeUpstream;
  readonly gateway: TestGateway;
  readonly origin: string;
  /** An official client of a caller, connected. */
  connect(user: string, capabilities?: object): Promise<Client>;
  /** One call without a session library; answers with the JSON-RPC message. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Callers and their keys. */
export const keyOf = (user: string): string => `key-of-${user}-0123456789`;
const users = ["alice", "bob", ...Array.from({ length: 8 }, (_, index) => `user${index}`)];

/** A gateway in front of one server that wants logins, called `hub`; its public URL is its own address. */
export async function startLoginRig(options: LoginRigOptions = {}): Promise<LoginRig> {
  const upstream = await new FakeUpstream(options.upstream).start();
  const config = (publicUrl: string): string => {
    const more = typeof options.userLogin === "function" ? options.userLogin(upstream) : options.userLogin;
    const backendAuth = { userLogin: { publicUrl, ...more } };
    const targets = [
      { name: "hub", ...(options.reach?.(upstream.url) ?? { mcp: { host: upstream.url } }), policies: { backendAuth } },
      ...(options.targets ?? []),
    ];
    const keys = users.map((name) => ({ key: keyOf(name), metadata: { name } }));
    const policies = options.policies ?? { apiKey: { mode: "strict", keys } };
    return JSON.stringify({ ...options.config, mcp: { port: 0, policies, ...options.mcp, targets } });
  };
  const start = async (): Promise<TestGateway> => {
    const started = await startTestGateway(config("http://127.0.0.1:1"));
    await started.reload(config(started.url())); // the port is known only now
    return started;
  };
  let gateway = await start();
  const clients: Client[] = [];
  return {
    upstream,
    get gateway() {
      return gateway;
    },
    get origin() {
      return gateway.url();
    },
    async connect(user, capabilities = {}) {
      const client = new Client({ name: "test", version: "1" }, { capabilities });
      const headers = { authorization: `Bearer ${(options.credentialOf ?? keyOf)(user)}` };
      await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url()}/mcp`), { requestInit: { headers } }) as never);
      clients.push(client);
      return client;
    },
    async restart() {
      await gateway.close();
      gateway = await start();
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await gateway.close();
      upstream.close();
    },
  };
}

/** The text of a tool's result. */
export async function callTool(client: Client, name: string): Promise<{ readonly text: string; readonly isError: boolean }> {
  const { content, isError } = await client.callTool({ name });
  return { text: (content as { text: string }[]).map(({ text }) => text).join(), isError: isError === true };
}

/** The link in a text. */
export function linkIn(text: string): string {
  const link = /http\S+\/\.well-known\/turnpike\/login\/\S+/.exec(text)?.[0];
  if (link === undefined) throw new Error(`no link in: ${text}`);
  return link;
}
