import * as modern from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

/** The official clients, with a user who agrees to everything: a browser that follows redirects, and memory for tokens. */

export const redirectUri = "http://127.0.0.1:33418/callback";

/** What both SDKs call an OAuthClientProvider. */
class Login {
  readonly redirectUrl = redirectUri;
  readonly clientMetadata = { redirect_uris: [redirectUri], client_name: "test", token_endpoint_auth_method: "none" };
  /** Where the user was sent to log in, by each login. */
  readonly visited: URL[] = [];
  saved: {
    client?: unknown;
    tokens?: { access_token: string; refresh_token?: string; scope?: string };
    verifier?: string;
    discovery?: unknown;
  } = {};

  state(): string {
    return "state of/the client+";
  }
  clientInformation(): unknown {
    return this.saved.client;
  }
  saveClientInformation(client: unknown): void {
    this.saved.client = client;
  }
  tokens(): unknown {
    return this.saved.tokens;
  }
  saveTokens(tokens: { access_token: string }): void {
    this.saved.tokens = tokens;
  }
  redirectToAuthorization(url: URL): void {
    this.visited.push(url);
  }
  saveCodeVerifier(verifier: string): void {
    this.saved.verifier = verifier;
  }
  codeVerifier(): string {
    return this.saved.verifier ?? "";
  }
  saveDiscoveryState(state: unknown): void {
    this.saved.discovery = state;
  }
  discoveryState(): unknown {
    return this.saved.discovery;
  }
}

/** Follows redirects from a login page to the client's redirect URI. @returns the parameters that arrive there */
export async function browse(start: URL): Promise<URLSearchParams> {
  let url = start;
  for (let hops = 0; hops < 8; hops += 1) {
    if (url.href.startsWith(redirectUri)) return url.searchParams;
    const response = await fetch(url, { redirect: "manual" });
    const location = response.headers.get("location");
    if (location === null) throw new Error(`the login ended at ${url.href}: ${response.status} ${await response.text()}`);
    url = new URL(location, url);
  }
  throw new Error("too many redirects");
}

export interface LoggedIn {
  readonly login: Login;
  /** Parameters of the authorization response. */
  readonly response: URLSearchParams;
  tools(): Promise<string[]>;
  /** Calls a tool; logs in once more when that needs more scopes. */
  call(name: string): Promise<string>;
  close(): Promise<void>;
}

export type Connect = (url: string) => Promise<LoggedIn>;

interface AnyClient {
  connect(transport: unknown): Promise<void>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string }): Promise<unknown>;
  close(): Promise<void>;
}

interface AnyTransport {
  finishAuth(response: string | URLSearchParams): Promise<void>;
}

interface Sdk {
  readonly client: () => AnyClient;
  readonly transport: (url: URL, login: Login) => AnyTransport;
  readonly response: (parameters: URLSearchParams) => string | URLSearchParams;
}

/** Connects without a token, logs in where that leads, and connects again. */
async function logIn(url: string, sdk: Sdk): Promise<LoggedIn> {
  const login = new Login();
  const address = new URL(url);
  let response = new URLSearchParams();
  const authorized = async (work: () => Promise<unknown>, transport: () => AnyTransport): Promise<unknown> => {
    const before = login.visited.length;
    try {
      return await work();
    } catch (thrown) {
      const page = login.visited[before];
      if (page === undefined) throw thrown;
      response = await browse(page);
      await transport().finishAuth(sdk.response(response));
      return undefined;
    }
  };
  const first = sdk.transport(address, login);
  const connected = await authorized(
    () =>
      sdk
        .client()
        .connect(first)
        .then(() => true),
    () => first,
  );
  if (connected === true) throw new Error("the server asked for no login");
  const client = sdk.client();
  const transport = sdk.transport(address, login);
  await client.connect(transport);
  return {
    login,
    response,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    async call(name) {
      const outcome = await authorized(
        () => client.callTool({ name }),
        () => transport,
      );
      return JSON.stringify(outcome ?? (await client.callTool({ name })));
    },
    close: () => client.close(),
  };
}

const info = { name: "test", version: "1" };

export const officialClients: Readonly<Record<string, Connect>> = {
  "SDK 1": (url) =>
    logIn(url, {
      client: () => new Client(info) as unknown as AnyClient,
      transport: (address, login) => new StreamableHTTPClientTransport(address, { authProvider: login as never }),
      response: (parameters) => parameters.get("code") ?? "",
    }),
  "SDK 2": (url) =>
    logIn(url, {
      client: () => new modern.Client(info) as unknown as AnyClient,
      transport: (address, login) => new modern.StreamableHTTPClientTransport(address, { authProvider: login as never }),
      response: (parameters) => parameters,
    }),
};
