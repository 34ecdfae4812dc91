import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../http/upstream-server.ts";
import { of, type Proof, proof } from "./proof.ts";
import { type Answer, type Draft, onSite, oneRoute, type Site } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** MCP backends, as a configuration writes them; what they do in detail is shown by the tests of src/mcp. */

const types = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const params: Readonly<Record<string, unknown>> = {
  initialize: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
  "tools/call": { name: "get", arguments: {} },
};

function call({ ask }: Site, method: string, headers: Readonly<Record<string, string>> = {}, path = "/mcp"): Promise<Answer> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params[method] ?? {} });
  return ask(path, { method: "POST", headers: { ...types, ...headers }, body });
}

/** The names of the tools that a client is told. */
async function toolsOf(site: Site, path = "/mcp"): Promise<string[]> {
  const session = (await call(site, "initialize", {}, path)).headers["mcp-session-id"];
  const { body } = await call(site, "tools/list", typeof session === "string" ? { "mcp-session-id": session } : {}, path);
  return [...body.matchAll(/"name":"([^"]+)"/g)].map((match) => match[1] ?? "");
}

/** A REST service with one operation. */
const api = {
  openapi: "3.0.0",
  info: { title: "t", version: "1" },
  paths: { "/thing": { get: { operationId: "get", responses: { "200": { description: "the thing" } } } } },
};

/** An MCP server that says what it was started with. */
const program = `
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { id } = JSON.parse(line);
    const { MARK, OUTER } = process.env;
    const instructions = [process.argv[1], MARK, OUTER].join();
    const result = { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "s", version: "1" }, instructions };
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
  });`;

/** An MCP server with one tool, described in words that may change. */
async function toolServer(description: () => string): Promise<{ readonly port: number; close(): Promise<void> }> {
  return startServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const { id, method } = JSON.parse(text || "{}") as { id?: number; method?: string };
      const result =
        method === "tools/list"
          ? { tools: [{ name: "tool", description: description(), inputSchema: { type: "object" } }] }
          : { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } };
      response.writeHead(id === undefined ? 202 : 200, { "content-type": "application/json" });
      response.end(id === undefined ? undefined : JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
  });
}

const target = (upstream: Upstream, name = "t"): object => ({ name, mcp: { host: `http://${upstream.host}/` } });
const section =
  (keys: object, targets?: (upstream: Upstream) => object[]) =>
  (upstream: Upstream): Draft => ({ mcp: { port: 0, targets: targets?.(upstream) ?? [target(upstream)], ...keys } });

/** The settings of `mcp` and of an MCP backend are the same: shown once in each place. */
const inBothPlaces = (keys: object, targets?: (upstream: Upstream) => object[]): ((upstream: Upstream) => Draft)[] => [
  section(keys, targets),
  (upstream) => oneRoute(upstream, { backends: [{ mcp: { targets: targets?.(upstream) ?? [target(upstream)], ...keys } }] }),
];

const both = (path: string): readonly string[] => [...of("Mcp", path), ...of("McpBackend", path)];

export const mcpProofs: readonly Proof[] = [
  proof(
    [
      ...both("targets"),
      ...of("Mcp", "port"),
      ...of("RouteBackend", "mcp"),
      ...of("NamedBackend", "mcp"),
      ...of("McpTarget", "name mcp.host"),
    ],
    "targets are served, in every place",
    async () => {
      const named = (upstream: Upstream): Draft => ({
        ...oneRoute(upstream, { backends: [{ backend: "b" }] }),
        backends: [{ name: "b", mcp: { targets: [target(upstream)] } }],
      });
      for (const draft of [...inBothPlaces({}), named])
        await onSite(draft, async (site) => assert.deepEqual(await toolsOf(site), ["echo"]));
      const two = (upstream: Upstream): object[] => [target(upstream, "one"), target(upstream, "two")];
      await onSite(section({}, two), async (site) => assert.deepEqual((await toolsOf(site)).toSorted(), ["one_echo", "two_echo"]));
    },
  ),
  proof(of("Mcp", "gateways"), "MCP is served on the gateway that it names", () =>
    onSite(
      (upstream) => ({ gateways: { a: { port: 0 } }, mcp: { gateways: "a", targets: [target(upstream)] } }),
      async (site) => assert.deepEqual(await toolsOf(site), ["echo"]),
    ),
  ),
  proof(of("Mcp", "policies"), "policies of `mcp` run", () =>
    onSite(section({ policies: { authorization: { rules: [{ deny: "true" }] } } }), async (site) =>
      assert.equal((await call(site, "initialize")).status, 403),
    ),
  ),
  proof(
    [
      ...of("McpTarget", "mcp.port mcp.path mcp.backend policies sse.host sse.port sse.path sse.backend"),
      ...of("McpTarget", "openapi.host openapi.port openapi.path openapi.backend openapi.schema"),
    ],
    "a target of each kind is reached by URL, by host, port and path, or by a backend, through its policies",
    async () => {
      const policies = { requestHeaderModifier: { set: { "x-mark": "1" } } };
      for (const [kind, extra, path] of [
        ["mcp", {}, "/here"],
        ["sse", {}, "/here"],
        ["openapi", { schema: JSON.stringify(api) }, "/here/thing"],
      ] as const) {
        const target = (address: object, more: object = {}): object => ({ name: "t", [kind]: { ...address, ...extra }, ...more });
        const drafts: readonly ((upstream: Upstream) => Draft)[] = [
          section({}, ({ host }) => [target({ host: `http://${host}/here` }, { policies })]),
          section({}, ({ port }) => [target({ host: "127.0.0.1", port, path: "/here" }, { policies })]),
          (upstream) => ({
            mcp: { port: 0, statefulMode: "stateless", targets: [target({ backend: "b", path: "/here" })] },
            backends: [{ name: "b", host: upstream.host, policies }],
          }),
        ];
        for (const draft of drafts) {
          await onSite(draft, async (site) => {
            const session = (await call(site, "initialize")).headers["mcp-session-id"];
            await call(site, "tools/call", typeof session === "string" ? { "mcp-session-id": session } : {});
            const [first] = site.upstream.seen;
            assert.deepEqual([first?.url, first?.headers["x-mark"]], [path, "1"], kind);
          });
        }
      }
    },
  ),
  proof(
    of("McpTarget", "openapi.schema openapi.schema.file openapi.schema.url"),
    "a REST service's description is text, a file or fetched",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "turnpike-api-"));
      const file = join(folder, "api.json");
      writeFileSync(file, JSON.stringify(api));
      const server = await startServer((_request, response) => response.end(JSON.stringify(api)));
      try {
        for (const schema of [JSON.stringify(api), { file }, { url: `http://127.0.0.1:${server.port}/api.json` }]) {
          const targets = ({ host }: Upstream): object[] => [{ name: "t", openapi: { host: `http://${host}/`, schema } }];
          await onSite(section({}, targets), async (site) => {
            await site.gateway.gateway.loaded.runtime.remotesReady;
            assert.deepEqual(await toolsOf(site), ["get"]);
          });
        }
      } finally {
        await server.close();
        rmSync(folder, { recursive: true });
      }
    },
  ),
  proof(of("ConfigSection", "session.key"), "gateways with the same key go on with each other's sessions", async () => {
    const withKey = (key: string, upstream: Upstream): Draft => ({ config: { session: { key } }, ...section({})(upstream) });
    const [same, other] = ["ab".repeat(32), "cd".repeat(32)] as const;
    await onSite(
      (upstream) => withKey(same, upstream),
      async (first) => {
        const session = String((await call(first, "initialize")).headers["mcp-session-id"]);
        for (const [key, status] of [
          [same, 200],
          [other, 404],
        ] as const) {
          await onSite(
            () => withKey(key, first.upstream),
            async (second) => assert.equal((await call(second, "tools/list", { "mcp-session-id": session })).status, status),
          );
        }
      },
    );
  }),
  proof(
    of("McpTarget", "stdio.cmd stdio.args stdio.env stdio.clear_env"),
    "a program is started with the arguments and environment written",
    async () => {
      const stdio = { cmd: process.execPath, args: ["-e", program, "argument"], env: { MARK: "mark" } };
      for (const [clear_env, expected] of [
        [false, "argument,mark,outer"],
        [true, "argument,mark,"],
      ] as const) {
        await onSite(
          section({}, () => [{ name: "t", stdio: { ...stdio, clear_env } }]),
          async (site) => assert.match((await call(site, "initialize")).body, new RegExp(`"instructions":"${expected}"`)),
          { OUTER: "outer" },
        );
      }
    },
  ),
  proof(of("McpTarget", "stdio.maxProcesses"), "one more session than processes is refused, by the target's name", () =>
    onSite(
      section({}, () => [{ name: "t", stdio: { cmd: process.execPath, args: ["-e", program], maxProcesses: 1 } }]),
      async (site) => {
        assert.equal((await call(site, "initialize")).status, 200);
        assert.match((await call(site, "initialize")).body, /target \\"t\\": all 1 processes/);
      },
    ),
  ),
  proof(of("McpTarget", "stdio.idleTimeout"), "the process of calls without session is ended when nobody has called for so long", () =>
    onSite(
      section({ statefulMode: "stateless" }, () => [
        { name: "t", stdio: { cmd: process.execPath, args: ["-e", program], idleTimeout: "100ms" } },
      ]),
      async (site) => {
        assert.equal((await call(site, "initialize")).status, 200);
        const deadline = performance.now() + 5_000;
        while (!(await site.gateway.output()).includes("mcp server process ended")) assert.ok(performance.now() < deadline);
      },
    ),
  ),
  proof(both("statefulMode"), "without state there is no session", async () => {
    for (const [statefulMode, has] of [
      ["stateful", true],
      ["stateless", false],
    ] as const) {
      for (const draft of inBothPlaces({ statefulMode })) {
        await onSite(draft, async (site) => assert.equal("mcp-session-id" in (await call(site, "initialize")).headers, has));
      }
    }
  }),
  proof(both("prefixMode"), "names have a prefix always, or never", async () => {
    for (const [prefixMode, name] of [
      ["always", "t_echo"],
      ["never", "echo"],
    ] as const) {
      for (const draft of inBothPlaces({ prefixMode })) await onSite(draft, async (site) => assert.deepEqual(await toolsOf(site), [name]));
    }
  }),
  proof(both("maxNameLength"), "longer names are shortened", async () => {
    const [long, name] = ["t".repeat(30), /^t{16}_echo_[0-9a-v]{10}$/];
    const keys = { prefixMode: "always", maxNameLength: 32 };
    for (const draft of inBothPlaces(keys, (upstream) => [target(upstream, long)])) {
      await onSite(draft, async (site) => {
        const [published = ""] = await toolsOf(site);
        assert.match(published, name);
      });
    }
  }),
  proof(both("pageSize"), "a merged list comes in pages of so many", async () => {
    const two = (upstream: Upstream): object[] => [target(upstream, "one"), target(upstream, "two")];
    for (const [pageSize, names] of [
      [1, ["one_echo"]],
      [2, ["one_echo", "two_echo"]],
    ] as const) {
      for (const draft of inBothPlaces({ pageSize }, two))
        await onSite(draft, async (site) => assert.deepEqual(await toolsOf(site), names));
    }
  }),
  proof(both("failureMode"), "a target that is down fails all, or is left out", async () => {
    const targets = (upstream: Upstream): object[] => [target(upstream), { name: "down", mcp: { host: "http://127.0.0.1:1/" } }];
    for (const [failureMode, names] of [
      ["failClosed", []],
      ["failOpen", ["t_echo"]],
    ] as const) {
      for (const draft of inBothPlaces({ failureMode }, targets))
        await onSite(draft, async (site) => assert.deepEqual(await toolsOf(site), names));
    }
  }),
  proof(both("toolIntegrity.mode"), "a tool whose description changed is offered, reported or hidden", async () => {
    for (const [mode, offered, reported] of [
      ["off", true, false],
      ["warn", true, true],
      ["block", false, true],
    ] as const) {
      let description = "one";
      const server = await toolServer(() => description);
      const targets = (): object[] => [{ name: "t", mcp: { host: `http://127.0.0.1:${server.port}/` } }];
      for (const draft of inBothPlaces({ toolIntegrity: { mode } }, targets)) {
        description = "one";
        await onSite(draft, async (site) => {
          assert.deepEqual(await toolsOf(site), ["tool"]);
          description = "another";
          assert.deepEqual(await toolsOf(site), offered ? ["tool"] : []);
          assert.equal((await site.gateway.metrics()).includes('target="t",kind="changed"} 1'), reported);
          assert.equal((await site.gateway.output()).includes("mcp tool definition changed"), reported);
        });
      }
      await server.close();
    }
  }),
  proof(both("toolIntegrity.approve"), "a tool is offered at first sight, or once it is approved", async () => {
    for (const [approve, names, pending] of [
      ["firstSight", ["echo"], 0],
      ["explicit", [], 1],
    ] as const) {
      for (const draft of inBothPlaces({ toolIntegrity: { mode: "block", approve } })) {
        await onSite(draft, async (site) => {
          assert.deepEqual(await toolsOf(site), names);
          assert.ok((await site.gateway.metrics()).includes(`target="t"} ${pending}\n`));
        });
      }
    }
  }),
  proof(both("dnsRebindingProtection"), "other names than localhost are refused", async () => {
    for (const draft of inBothPlaces({ dnsRebindingProtection: true })) {
      await onSite(draft, async (site) => {
        assert.equal((await call(site, "initialize")).status, 200);
        assert.equal((await call(site, "initialize", { host: "evil.test" })).status, 403);
        assert.equal((await call(site, "initialize", { origin: "https://evil.test" })).status, 403);
      });
    }
    for (const [written, status] of [
      [{}, 403],
      [{ dnsRebindingProtection: false }, 200],
    ] as const) {
      for (const draft of inBothPlaces(written)) {
        await onSite(draft, async (site) => {
          assert.equal((await call(site, "initialize", { origin: "https://evil.test" })).status, status);
          assert.equal((await call(site, "initialize", { host: "other.test" })).status, 200);
        });
      }
    }
  }),
  proof(of("ConfigSection", "mcp.sessionTtl"), "a session that is not used ends after the time", async () => {
    const statusAfterPause = async (sessionTtl: string): Promise<number> => {
      let status = 0;
      const draft = (upstream: Upstream): Draft => ({ config: { mcp: { sessionTtl } }, ...section({})(upstream) });
      await onSite(draft, async (site) => {
        const session = (await call(site, "initialize")).headers["mcp-session-id"];
        await new Promise((resolve) => setTimeout(resolve, 60));
        ({ status } = await call(site, "tools/list", { "mcp-session-id": String(session) }));
      });
      return status;
    };
    assert.deepEqual([await statusAfterPause("20ms"), await statusAfterPause("20s")], [404, 200]);
  }),
  proof(
    [
      ...of("RoutePolicies", "mcpAuthorization"),
      ...of("BackendPolicies", "mcpAuthorization"),
      ...of("mcpAuthorization", "rules[].allow rules[].deny rules[].require"),
    ],
    "rules decide which tools a caller sees, on the route and at the backend",
    async () => {
      const isEcho = 'mcp.tool.name == "echo"';
      const cases: readonly (readonly [object, readonly string[]])[] = [
        [{ allow: isEcho }, ["echo"]],
        [{ allow: `!(${isEcho})` }, []],
        [{ deny: isEcho }, []],
        [{ require: `!(${isEcho})` }, []],
      ];
      for (const [rule, names] of cases) {
        const policies = { mcpAuthorization: { rules: [rule] } };
        const onBackend = (upstream: Upstream): Draft =>
          oneRoute(upstream, { backends: [{ mcp: { targets: [target(upstream)] }, policies }] });
        for (const draft of [section({ policies }), onBackend])
          await onSite(draft, async (site) => assert.deepEqual(await toolsOf(site), names));
      }
    },
  ),
];
