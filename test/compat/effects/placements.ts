import { Socket } from "node:net";
import { testIssuer } from "../../tokens.ts";
import { type Proof, proof } from "./proof.ts";
import { type Answer, type AskOptions, type Draft, onSite, oneRoute } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** Each policy in each place that takes it: what it does is to be seen in traffic. */

type Hit = (options?: AskOptions) => Promise<Answer>;

interface Mark {
  readonly config: (upstream: Upstream) => unknown;
  /** Where the request goes; / when absent. */
  readonly path?: string;
  /** Whether traffic shows the policy. */
  readonly isSeen: (hit: Hit, upstream: Upstream) => Promise<boolean>;
}

const issuer = testIssuer("k");
const refused =
  (status: number, options?: AskOptions): Mark["isSeen"] =>
  async (hit) =>
    (await hit(options)).status === status;
const marked = { "x-mark": "1" };

const marks: Readonly<Record<string, Mark>> = {
  cors: {
    config: () => ({ allowOrigins: ["https://a.test"] }),
    isSeen: async (hit) =>
      (await hit({ headers: { origin: "https://a.test" } })).headers["access-control-allow-origin"] === "https://a.test",
  },
  jwtAuth: { config: () => ({ mode: "strict", issuer: "i", jwks: issuer.jwks }), isSeen: refused(401) },
  basicAuth: { config: () => ({ mode: "strict", htpasswd: "u:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=" }), isSeen: refused(401) },
  apiKey: { config: () => ({ mode: "strict", keys: [{ key: "k" }] }), isSeen: refused(401) },
  mcpAuthentication: {
    config: () => ({ issuer: "https://i.test", audiences: ["a"], jwks: issuer.jwks, resourceMetadata: {} }),
    isSeen: async (hit) => /resource_metadata=/.test((await hit()).headers["www-authenticate"] ?? ""),
  },
  authorization: { config: () => ({ rules: [{ deny: "true" }] }), isSeen: refused(403) },
  transformations: {
    config: () => ({ request: { set: { "x-mark": '"1"' } } }),
    isSeen: async (hit, upstream) => (await hit(), upstream.last.headers["x-mark"] === "1"),
  },
  requestHeaderModifier: {
    config: () => ({ set: marked }),
    isSeen: async (hit, upstream) => (await hit(), upstream.last.headers["x-mark"] === "1"),
  },
  responseHeaderModifier: { config: () => ({ set: marked }), isSeen: async (hit) => (await hit()).headers["x-mark"] === "1" },
  requestRedirect: { config: () => ({ path: { full: "/elsewhere" } }), isSeen: refused(302) },
  urlRewrite: {
    config: () => ({ path: { full: "/rewritten" } }),
    isSeen: async (hit, upstream) => (await hit(), upstream.last.url === "/rewritten"),
  },
  requestMirror: {
    config: (upstream) => ({ backend: { host: upstream.host }, percentage: 1 }),
    isSeen: async (hit, upstream) => (await hit(), until(() => upstream.seen.length === 2)),
  },
  directResponse: { config: () => ({ status: 418 }), isSeen: refused(418) },
  backendTLS: { config: () => ({}), isSeen: async (hit) => (await hit()).status >= 500 },
  backendAuth: {
    config: () => ({ key: "secret" }),
    isSeen: async (hit, upstream) => (await hit(), upstream.last.headers.authorization === "Bearer secret"),
  },
  localRateLimit: {
    config: () => [{ maxTokens: 7, tokensPerFill: 1, fillInterval: "1h" }],
    isSeen: async (hit) => (await hit()).headers["x-ratelimit-limit"] === "7",
  },
  csrf: { config: () => ({}), isSeen: refused(403, { method: "POST", headers: { "sec-fetch-site": "cross-site" } }) },
  buffer: { config: () => ({ request: { maxBytes: 1 } }), isSeen: refused(413, { method: "POST", body: "long" }) },
  timeout: { config: () => ({ requestTimeout: "50ms" }), path: "/slow", isSeen: refused(504) },
  retry: { config: () => ({ codes: [500] }), path: "/fail", isSeen: async (hit, upstream) => (await hit(), upstream.seen.length === 2) },
  delay: {
    config: () => ({ duration: "60ms" }),
    isSeen: async (hit) => {
      const startedAt = performance.now();
      await hit();
      return performance.now() - startedAt > 55;
    },
  },
  http: { config: () => ({ requestTimeout: "50ms" }), path: "/slow", isSeen: async (hit) => (await hit()).status >= 500 },
  tcp: {
    config: () => ({ connectTimeout: "1s", keepalives: { time: "7s", interval: "8s", retries: 3 } }),
    isSeen: async (hit) => (await keepalivesDuring(hit)).some((call) => call === "true 7000 8000 3"),
  },
};

interface Place {
  readonly definition: string;
  readonly policies: readonly string[];
  readonly draft: (upstream: Upstream, policies: object, path: string) => Draft;
  /** The request that meets the policies, where it is not a plain GET. */
  readonly request?: { readonly path: string; readonly body: object };
}

const beforeRoutes = ["cors", "jwtAuth", "basicAuth", "apiKey", "authorization", "transformations"];
const onCalls = ["requestHeaderModifier", "transformations", "backendTLS", "backendAuth", "http", "tcp"];
const elsewhereProven = new Set(["http", "tcp"]);

const places: readonly Place[] = [
  {
    definition: "RoutePolicies",
    policies: Object.keys(marks).filter((name) => !elsewhereProven.has(name)),
    draft: (upstream, policies) => oneRoute(upstream, { policies }),
  },
  {
    definition: "BackendPolicies",
    policies: [...onCalls, "responseHeaderModifier", "requestRedirect", "authorization"],
    draft: (upstream, policies) => oneRoute(upstream, { backends: [{ host: upstream.host, policies }] }),
  },
  { definition: "GatewayPolicies", policies: beforeRoutes, draft: (upstream, policies) => oneRoute(upstream, {}, { policies }) },
  {
    definition: "Gateway",
    policies: beforeRoutes,
    draft: (upstream, policies) => ({ gateways: { default: { port: 0, ...policies } }, routes: [{ backends: [{ host: upstream.host }] }] }),
  },
  {
    definition: "GatewayListener",
    policies: beforeRoutes,
    draft: (upstream, policies) => ({
      gateways: { default: { port: 0, listeners: [{ ...policies }] } },
      routes: [{ backends: [{ host: upstream.host }] }],
    }),
  },
  {
    definition: "LlmPolicies",
    policies: beforeRoutes,
    draft: (upstream, policies) => ({
      llm: { port: 0, policies, models: [{ name: "*", provider: "openAI", params: { baseUrl: `http://${upstream.host}/v1` } }] },
    }),
    request: { path: "/v1/chat/completions", body: { model: "m", messages: [] } },
  },
  {
    definition: "CallPolicies",
    policies: onCalls,
    draft: (upstream, policies, path) => ({
      mcp: { port: 0, targets: [{ name: "t", mcp: { host: `http://${upstream.host}${path}` }, policies }] },
    }),
    request: {
      path: "/mcp",
      body: {
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
      },
    },
  },
];

/** What every place's policies are to be seen by, and the control: without them it is not to be seen. */
export const placements: readonly Proof[] = [
  ...places.flatMap((place) =>
    place.policies.map((name) =>
      proof([`${place.definition}.${name}`], `${name} in ${place.definition}`, async () => {
        if (!(await isSeen(place, name, true))) throw new Error(`${name} does nothing in ${place.definition}`);
      }),
    ),
  ),
  proof([], "without a policy none of it is to be seen", async () => {
    for (const name of Object.keys(marks)) {
      if (await isSeen(places[0] as Place, name, false)) throw new Error(`${name} is seen although it is not there`);
    }
  }),
];

async function isSeen(place: Place, name: string, isThere: boolean): Promise<boolean> {
  const { config, path = "/", isSeen: look } = marks[name] as Mark;
  const { request } = place;
  let seen = false;
  await onSite(
    (upstream) => place.draft(upstream, isThere ? { [name]: config(upstream) } : {}, path),
    async ({ upstream, ask }) => {
      const hit: Hit = (options = {}) => (request === undefined ? ask(path, options) : ask(request.path, post(request.body, options)));
      seen = await look(hit, upstream);
    },
  );
  return seen;
}

function post(body: object, { headers = {} }: AskOptions): AskOptions {
  const types = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return { method: "POST", body: JSON.stringify(body), headers: { ...types, ...headers } };
}

/** Waits for at most half a second. */
async function until(holds: () => boolean): Promise<boolean> {
  for (let left = 50; left > 0 && !holds(); left--) await new Promise((resolve) => setTimeout(resolve, 10));
  return holds();
}

/** The arguments of each call of setKeepAlive meanwhile. */
export async function keepalivesDuring(run: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const original = Object.getOwnPropertyDescriptor(Socket.prototype, "setKeepAlive") as PropertyDescriptor;
  const set = original.value as (...args: unknown[]) => Socket;
  Socket.prototype.setKeepAlive = function (this: Socket, ...args: unknown[]): Socket {
    calls.push(args.join(" "));
    return set.apply(this, args);
  };
  try {
    await run();
  } finally {
    Object.defineProperty(Socket.prototype, "setKeepAlive", original);
  }
  return calls;
}
