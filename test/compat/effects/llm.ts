import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { of, type Proof, proof } from "./proof.ts";
import { type Answer, compiled, type Draft, onSite, oneRoute, type Site } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** Models of the top-level `llm` key, and AI backends of routes. */

const chatPath = "/v1/chat/completions";

function chat(
  { ask }: Site,
  body: object = { model: "m", messages: [] },
  options: { path?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const headers = { "content-type": "application/json", ...options.headers };
  return ask(options.path ?? chatPath, { method: "POST", headers, body: JSON.stringify(body) });
}

const baseUrl = (upstream: Upstream): string => `http://${upstream.host}/v1`;

/** `llm` with one model at the upstream. */
const withModel =
  (model: object = {}, section: object = {}) =>
  (upstream: Upstream): Draft => {
    const { params, ...rest } = { params: {}, ...model };
    return {
      llm: { port: 0, models: [{ name: "*", provider: "openAI", params: { baseUrl: baseUrl(upstream), ...params }, ...rest }], ...section },
    };
  };

/** `llm` with a model that refers to a provider with these defaults. */
const withProvider =
  (defaults: object, params: object = {}) =>
  (upstream: Upstream): Draft => ({
    llm: {
      port: 0,
      providers: [{ name: "p", provider: "openAI", params: { baseUrl: baseUrl(upstream), ...params }, defaults }],
      models: [{ name: "*", provider: { reference: "p" } }],
    },
  });

/** The settings of requests, on a model and among a provider's defaults. */
const inBothPlaces = (keys: object): ((upstream: Upstream) => Draft)[] => [withModel(keys), withProvider(keys)];
const both = (paths: string): readonly string[] => [
  ...of("LlmModel", paths),
  ...of("LlmProvider", paths.replaceAll(/(^| )/g, "$1defaults.")),
];

const ai =
  (backend: object, rest: object = {}) =>
  (upstream: Upstream): Draft => {
    const custom = { formats: [{ type: "completions" }] };
    return oneRoute(upstream, {
      backends: [{ ai: { name: "a", provider: { custom }, hostOverride: upstream.host, ...backend } }],
      ...rest,
    });
  };

export const llmProofs: readonly Proof[] = [
  proof(
    [...of("Llm", "port models"), ...of("LlmModel", "name params provider"), ...of("LlmParams", "baseUrl model")],
    "models are served by their names, at the address and under the name that they say",
    () =>
      onSite(withModel({ name: "front-*", params: { model: "back" } }), async (site) => {
        assert.equal((await chat(site, { model: "front-1", messages: [] })).status, 200);
        assert.deepEqual([site.upstream.last.url, site.upstream.lastJson["model"]], [chatPath, "back"]);
        assert.equal((await chat(site, { model: "other", messages: [] })).status, 404);
      }),
  ),
  proof(
    [...of("Llm", "gateways providers policies"), ...of("LlmProvider", "name params provider"), ...of("LlmModel", "provider.reference")],
    "a model takes what its provider says, on the gateway named",
    () =>
      onSite(
        (upstream) => {
          const { llm } = withProvider({})(upstream) as { llm: object };
          return {
            gateways: { a: { port: 0 } },
            llm: { ...llm, port: undefined, gateways: ["a"], policies: { authorization: { rules: ['request.path != "/denied"'] } } },
          };
        },
        async (site) => {
          assert.equal((await chat(site)).status, 200);
          assert.equal((await chat(site, {}, { path: "/denied" })).status, 403);
        },
      ),
  ),
  proof(of("LlmModel", "id"), "the entry's id is the name of its backend", () =>
    onSite(withModel({ id: "entry-7" }), async (site) => {
      await chat(site);
      assert.match(await site.gateway.metrics(), /backend="entry-7"/);
    }),
  ),
  proof(of("LlmModel", "visibility"), "internal models are not to be asked for", () =>
    onSite(withModel({ visibility: "internal" }), async (site) => assert.equal((await chat(site)).status, 404)),
  ),
  proof(
    of("LlmModel", "authorization.rules[].allow authorization.rules[].deny authorization.rules[].require"),
    "rules say who may use a model",
    async () => {
      const isAlice = 'request.headers["x-user"] == "alice"';
      for (const [rule, alice] of [
        [{ allow: isAlice }, 200],
        [{ deny: isAlice }, 403],
        [{ require: `!(${isAlice})` }, 403],
      ] as const) {
        await onSite(withModel({ authorization: { rules: [rule] } }), async (site) =>
          assert.equal((await chat(site, undefined, { headers: { "x-user": "alice" } })).status, alice),
        );
      }
    },
  ),
  proof(
    of("LlmModel", "matches[].headers[].name matches[].headers[].value.exact matches[].headers[].value.regex"),
    "a model is for requests with the header",
    async () => {
      for (const value of [{ exact: "eng" }, { regex: "e.g" }]) {
        await onSite(withModel({ matches: [{ headers: [{ name: "x-team", value }] }] }), async (site) => {
          assert.equal((await chat(site, undefined, { headers: { "x-team": "eng" } })).status, 200);
          assert.equal((await chat(site, undefined, { headers: { "x-team": "other" } })).status, 404);
        });
      }
    },
  ),
  proof(both("defaults overrides transformation"), "body fields are set, computed and filled in", async () => {
    const keys = { defaults: { user: "d", seed: 1 }, overrides: { top_p: 0.5 }, transformation: { n: "llmRequest.n + 1" } };
    for (const draft of inBothPlaces(keys)) {
      await onSite(draft, async (site) => {
        await chat(site, { model: "m", messages: [], seed: 2, top_p: 1, n: 1 });
        assert.deepEqual(site.upstream.lastJson, { model: "m", messages: [], seed: 2, top_p: 0.5, n: 2, user: "d" });
      });
    }
  }),
  proof(
    both("requestHeaders.add requestHeaders.set requestHeaders.remove responseHeaders.add responseHeaders.set responseHeaders.remove"),
    "headers are changed both ways",
    async () => {
      const keys = {
        requestHeaders: { add: { "x-a": "2" }, set: { "x-b": "2" }, remove: ["x-c"] },
        responseHeaders: { add: { "x-d": "1" }, set: { "x-e": "1" }, remove: ["x-from"] },
      };
      for (const draft of inBothPlaces(keys)) {
        await onSite(draft, async (site) => {
          const { headers } = await chat(site, undefined, { headers: { "x-a": "1", "x-b": "1", "x-c": "1" } });
          const sent = site.upstream.last.headers;
          assert.deepEqual([sent["x-a"], sent["x-b"], sent["x-c"]], ["1, 2", "2", undefined]);
          assert.deepEqual([headers["x-d"], headers["x-e"], headers["x-from"]], ["1", "1", undefined]);
        });
      }
    },
  ),
  proof(both("tls backendTLS auth"), "TLS and credential are those written, in both spellings", async () => {
    for (const key of ["tls", "backendTLS"]) {
      for (const draft of inBothPlaces({ [key]: {} })) await onSite(draft, async (site) => assert.equal((await chat(site)).status, 503));
    }
    for (const draft of inBothPlaces({ auth: { key: "secret" } })) {
      await onSite(draft, async (site) => {
        await chat(site);
        assert.equal(site.upstream.last.headers.authorization, "Bearer secret");
      });
    }
  }),
  proof(of("LlmParams", "apiKey apiKey.file"), "the key is sent, from the configuration or a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "turnpike-key-"));
    writeFileSync(join(folder, "key"), "from-file\n");
    try {
      for (const [apiKey, expected] of [
        ["inline", "Bearer inline"],
        [{ file: join(folder, "key") }, "Bearer from-file"],
      ] as const) {
        await onSite(withModel({ params: { apiKey } }), async (site) => {
          await chat(site);
          assert.equal(site.upstream.last.headers.authorization, expected);
        });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }),
  proof(of("LlmParams", "hostOverride pathOverride pathPrefix"), "the older ways to say where a provider is", async () => {
    const cases = [
      [{}, chatPath],
      [{ pathPrefix: "/in" }, "/in/chat/completions"],
      [{ pathOverride: "/all" }, "/all"],
    ] as const;
    for (const [params, url] of cases) {
      const draft = (upstream: Upstream): Draft => ({
        llm: { port: 0, models: [{ name: "*", provider: "openAI", params: { hostOverride: upstream.host, ...params } }] },
      });
      await onSite(draft, async (site) => {
        await chat(site);
        assert.equal(site.upstream.last.url, url);
      });
    }
  }),
  proof(of("LlmParams", "vertexRegion vertexProject"), "Vertex AI is asked in the project and region written", () => {
    const vertex = { provider: "vertex", params: { vertexProject: "p-1", vertexRegion: "r-1" }, auth: { key: "k" } };
    return onSite(withModel(vertex), async (site) => {
      await chat(site, { model: "gemini-2.5-pro", messages: [] });
      assert.match(site.upstream.last.url, /^\/v1\/projects\/p-1\/locations\/r-1\//);
    });
  }),
  proof(
    [
      ...of("CustomProvider", "model providerOverride formats[].type formats[].path"),
      ...of("LlmModel", "provider.custom"),
      ...of("LlmProvider", "provider.custom"),
      ...of("AiProvider", "custom"),
    ],
    "a custom provider has the model, name, formats and paths written, in every place",
    async () => {
      const custom = { model: "pinned", providerOverride: "mine", formats: [{ type: "completions", path: "/talk" }] };
      const reference = (upstream: Upstream): Draft => ({
        llm: {
          port: 0,
          providers: [{ name: "p", provider: { custom }, params: { baseUrl: baseUrl(upstream) } }],
          models: [{ name: "*", provider: { reference: "p" } }],
        },
      });
      for (const draft of [withModel({ provider: { custom } }), reference, ai({ provider: { custom } })]) {
        await onSite(draft, async (site) => {
          assert.equal((await chat(site)).status, 200);
          assert.deepEqual([site.upstream.last.url, site.upstream.lastJson["model"]], ["/talk", "pinned"]);
          assert.match(await site.gateway.metrics(), /gen_ai_system="mine"/);
        });
      }
      await onSite(withModel({ provider: { custom } }), async (site) =>
        assert.equal((await chat(site, { model: "m", messages: [] }, { path: "/v1/messages" })).status, 400),
      );
    },
  ),
  proof(
    of("LlmPolicies", "localRateLimit[].maxTokens localRateLimit[].tokensPerFill localRateLimit[].fillInterval"),
    "all requests together have a limit",
    () =>
      onSite(withModel({}, { policies: { localRateLimit: [{ maxTokens: 1, tokensPerFill: 1, fillInterval: "1h" }] } }), async (site) => {
        assert.deepEqual([(await chat(site)).status, (await chat(site)).status], [200, 429]);
      }),
  ),
  proof(
    [
      ...of("RouteBackend", "ai"),
      ...of("NamedBackend", "ai"),
      ...of("NamedAiProvider", "name provider hostOverride pathOverride pathPrefix policies"),
    ],
    "an AI backend is reached where and how it says, in place and by name",
    async () => {
      const policies = { requestHeaderModifier: { set: { "x-mark": "1" } } };
      const named = (upstream: Upstream): Draft => ({
        ...oneRoute(upstream, { backends: [{ backend: "b" }] }),
        backends: [{ name: "b", ai: { name: "a", provider: { openAI: {} }, hostOverride: upstream.host, pathPrefix: "/in", policies } }],
      });
      for (const [draft, url] of [
        [ai({ pathOverride: "/all", policies }), "/all"],
        [ai({ pathPrefix: "/in", policies }), "/in/chat/completions"],
        [named, "/in/chat/completions"],
      ] as const) {
        await onSite(draft, async (site) => {
          await chat(site);
          assert.deepEqual([site.upstream.last.url, site.upstream.last.headers["x-mark"]], [url, "1"]);
          assert.match(await site.gateway.metrics(), /backend="a"/);
        });
      }
    },
  ),
  proof(of("AiProvider", "openAI.model vertex.model vertex.region vertex.projectId"), "a provider asks for its model", async () => {
    const policies = { backendAuth: { key: "k" } };
    const vertex = { model: "gemini-2.5-pro", region: "r-1", projectId: "p-1" };
    for (const [provider, model, url] of [
      [{ openAI: { model: "o3" } }, "o3", /^\/v1\/chat/],
      [{ vertex }, "google/gemini-2.5-pro", /projects\/p-1\/locations\/r-1/],
    ] as const) {
      await onSite(ai({ provider, policies }), async (site) => {
        await chat(site);
        assert.equal(site.upstream.lastJson["model"], model);
        assert.match(site.upstream.last.url, url);
      });
    }
  }),
  proof(
    [...of("RoutePolicies", "ai"), ...of("BackendPolicies", "ai"), ...of("ai", "defaults overrides transformations modelAliases routes")],
    "an `ai` policy says what paths are and changes bodies; on route and provider it is joined, the provider's first",
    async () => {
      const policies = {
        ai: { defaults: { user: "route", seed: 1 }, routes: { "/e": "embeddings", "*": "completions" }, modelAliases: { m: "aliased" } },
      };
      const own = { ai: { defaults: { user: "own" }, overrides: { top_p: 0.5 }, transformations: { n: "1 + 1" } } };
      const custom = { formats: [{ type: "completions" }, { type: "embeddings" }] };
      await onSite(ai({ provider: { custom }, policies: own }, { policies }), async (site) => {
        await chat(site, { model: "m", messages: [] });
        assert.deepEqual(site.upstream.lastJson, { model: "aliased", messages: [], user: "own", seed: 1, top_p: 0.5, n: 2 });
        await chat(site, { model: "x", input: "text" }, { path: "/e" });
        assert.equal(site.upstream.last.url, "/v1/embeddings");
      });
    },
  ),
  proof([], "what only one provider has is warned of beside another", () =>
    compiled({ llm: { port: 0, models: [{ name: "*", provider: "openAI", params: { vertexProject: "p" } }] } }, ({ warnings }) =>
      assert.match(warnings.join("\n"), /llm\.models\[0\]\.params\.vertexProject: has no effect: the provider is not `vertex`/),
    ),
  ),
];
