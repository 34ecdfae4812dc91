import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeaderList } from "../../src/base/headers.ts";
import { compileExpression } from "../../src/cel/compile.ts";
import { itemEnvironment } from "../../src/cel/environment.ts";
import { compileRules, type Rule, type RuleKind } from "../../src/cel/rules.ts";
import type { Identity } from "../../src/contract/identity.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { Item } from "../../src/mcp/item.ts";
import { createNames } from "../../src/mcp/names.ts";
import { readBody } from "../../src/mcp/read-body.ts";
import { FakeServer, tools } from "./fake-server.ts";
import { type Answered, OpenStream, resultOf, Rig, settle } from "./rig.ts";

/** Whatever the rules and whatever there is: what is shown can be used, and what the rules hide can be reached in no way. */

type Kind = "tool" | "prompt" | "resource";

/** A condition as CEL, and what it means. One about another kind of item fails, and so does not hold. */
interface Condition {
  readonly cel: string;
  readonly holds: (item: Item, role: string | undefined) => boolean;
}

const conditions: readonly Condition[] = [
  ...(["tool", "prompt", "resource"] as const).flatMap((kind): Condition[] => [
    ...["x", "y", "memo://x", "ui://x/y"].map((name) => ({
      cel: `mcp.${kind}.name == "${name}"`,
      holds: (item: Item) => item.kind === kind && item.name === name,
    })),
    { cel: `mcp.${kind}.name.startsWith("long")`, holds: (item) => item.kind === kind && item.name.startsWith("long") },
    { cel: `mcp.${kind}.target == "a"`, holds: (item) => item.kind === kind && item.target === "a" },
    {
      cel: `mcp.${kind}.target != "a" && jwt.role == "admin"`,
      holds: (item, role) => item.kind === kind && item.target !== "a" && role === "admin",
    },
  ]),
  { cel: 'jwt.role == "admin"', holds: (_item, role) => role === "admin" },
  { cel: 'jwt.role != "admin"', holds: (_item, role) => role !== undefined && role !== "admin" },
  { cel: "true", holds: () => true },
];

type RuleRow = readonly [RuleKind, Condition];

/** The rules' meaning in the words of the documentation. */
function allowed(rules: readonly RuleRow[], item: Item, role: string | undefined): boolean {
  const outcomes = (kind: RuleKind): boolean[] => rules.filter(([one]) => one === kind).map(([, { holds }]) => holds(item, role));
  if (outcomes("deny").includes(true) || outcomes("require").includes(false)) return false;
  return outcomes("allow").length === 0 || outcomes("allow").includes(true);
}

const longNames = [1, 2].map((n) => `long${"g".repeat(40)}${n}`);
const callable = fc.uniqueArray(fc.constantFrom("x", "y", "a_x", "x_y", ...longNames), { maxLength: 5 });
const uris = fc.uniqueArray(fc.constantFrom("memo://x", "memo://y", "ui://x/y", "file:///a+b", `long:${longNames[0]}`), { maxLength: 4 });
const templates = fc.uniqueArray(fc.constantFrom("memo://{x}", "ui://x/{+y}"), { maxLength: 2 });
const offer = fc.record({ tools: callable, prompts: callable, uris, templates });
type Offer = typeof offer extends fc.Arbitrary<infer T> ? T : never;

const scenario = fc.record({
  offers: fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "a-target-with-a-name-too-long-for-itself"), offer), {
    minLength: 1,
    maxLength: 3,
    selector: ([name]) => name,
  }),
  rules: fc.array(fc.tuple(fc.constantFrom<RuleKind>("allow", "deny", "require"), fc.constantFrom(...conditions)), {
    minLength: 1,
    maxLength: 4,
  }),
  role: fc.constantFrom(undefined, "user", "admin"),
  prefixMode: fc.constantFrom("conditional", "always", "never"),
  statefulMode: fc.constantFrom("stateful", "stateless"),
  pageSize: fc.integer({ min: 1, max: 4 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function serverOf({ tools, prompts, uris: resources, templates: resourceTemplates }: Offer): FakeServer {
  return new FakeServer({
    capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {} },
    answers: {
      "tools/list": { tools: tools.map((name) => ({ name })) },
      "prompts/list": { prompts: prompts.map((name) => ({ name })) },
      "resources/list": { resources: resources.map((uri) => ({ uri })) },
      "resources/templates/list": { resourceTemplates: resourceTemplates.map((uriTemplate) => ({ uriTemplate })) },
      ...Object.fromEntries(uses.map(([method]) => [method, {}])),
    },
  });
}

/** Each list: its member, the key of its elements, their kind. */
const lists: readonly (readonly [method: string, member: string, key: string, kind: Kind])[] = [
  ["tools/list", "tools", "name", "tool"],
  ["prompts/list", "prompts", "name", "prompt"],
  ["resources/list", "resources", "uri", "resource"],
  ["resources/templates/list", "resourceTemplates", "uriTemplate", "resource"],
];

/** Each way to use an item: the kind, and the parameters. */
const uses: readonly (readonly [method: string, kind: Kind, params: (name: string) => object])[] = [
  ["tools/call", "tool", (name) => ({ name, arguments: { name: "x" } })],
  ["prompts/get", "prompt", (name) => ({ name })],
  ["completion/complete", "prompt", (name) => ({ ref: { type: "ref/prompt", name }, argument: { name: "n", value: "" } })],
  ["resources/read", "resource", (uri) => ({ uri })],
  ["resources/subscribe", "resource", (uri) => ({ uri })],
  ["resources/unsubscribe", "resource", (uri) => ({ uri })],
  ["completion/complete", "resource", (uri) => ({ ref: { type: "ref/resource", uri }, argument: { name: "n", value: "" } })],
];

class Caller {
  readonly servers: ReadonlyMap<string, FakeServer>;
  readonly rig: Rig;
  private readonly identity: Identity;
  private session: string | undefined;

  constructor({ offers, rules, role, ...settings }: Scenario) {
    this.servers = new Map(offers.map(([name, offered]) => [name, serverOf(offered)]));
    const compiled = compileRules([
      { rules: rules.map(([kind, { cel }]) => ({ kind, [kind]: compileExpression(cel, { roots: ["mcp", "jwt"] }) }) as unknown as Rule) },
    ]);
    this.rig = new Rig(Object.fromEntries(this.servers), {
      ...settings,
      maxNameLength: 32,
      authorize: (exchange, item) => compiled.allows(itemEnvironment(exchange, item)),
    });
    this.identity = role === undefined ? {} : { jwt: { token: role, claims: { sub: role, role } } };
  }

  async call(method: string, params: object): Promise<Answered> {
    return this.rig.call(method, params, { session: this.session, identity: this.identity });
  }

  async open(stateful: boolean): Promise<void> {
    if (stateful) this.session = await this.rig.open({ identity: this.identity });
  }

  /** All pages. */
  async list([method, member, key]: (typeof lists)[number]): Promise<string[]> {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = resultOf<Record<string, Record<string, string>[]> & { nextCursor?: string }>(
        await this.call(method, cursor === undefined ? {} : { cursor }),
      );
      names.push(...(page[member] ?? []).map((element) => element[key] ?? ""));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return names;
  }

  /** How often a server was asked to do something, and what the last was. */
  get used(): { count: number; last: string } {
    const sent = Array.from(this.servers).flatMap(([target, { received }]) =>
      received.flatMap(({ message }) =>
        uses.some(([method]) => method === message?.method) ? [`${target} ${JSON.stringify(message?.params)}`] : [],
      ),
    );
    return { count: sent.length, last: sent.at(-1) ?? "" };
  }
}

function itemsOf(offers: Scenario["offers"], kind: Kind, list: string): Item[] {
  const member = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "uris",
    "resources/templates/list": "templates",
  } as const;
  return offers.flatMap(([target, offered]) => offered[member[list as keyof typeof member]].map((name) => ({ kind, target, name })));
}

// shows: mcp-no-wider
test("fuzz: all that is shown can be used, and nothing of what the rules deny, in any mode", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { offers, rules, role, prefixMode } = given;
      const names = createNames({ prefixMode, targets: offers.map(([name]) => name), maxNameLength: 32 });
      const caller = new Caller(given);
      await caller.open(given.statefulMode === "stateful");
      for (const list of lists) {
        const [method, , , kind] = list;
        const items = itemsOf(offers, kind, method);
        const ofName = (published: string): Item[] => items.filter((item) => names.publish(item) === published);
        const shown = await caller.list(list);
        const expected = items.filter(
          (item) => allowed(rules, item, role) && (kind === "resource" || ofName(names.publish(item)).length === 1),
        );
        assert.deepEqual(
          shown,
          expected.map((item) => names.publish(item)),
          method,
        );
        for (const item of items) {
          const published = names.publish(item);
          const visible = ofName(published).filter((other) => allowed(rules, other, role)).length;
          // of several with one name, who may see two is told that it is nobody's
          await useAll(caller, item, { published, unknown: visible === 0 || (visible < 2 && !shown.includes(published)), shown });
        }
      }
      caller.rig.close();
    }),
    { numRuns: 200 },
  );
});

interface Expected {
  readonly published: string;
  /** Answered like what is not there. */
  readonly unknown: boolean;
  readonly shown: readonly string[];
}

async function useAll(caller: Caller, item: Item, { published, unknown, shown }: Expected): Promise<void> {
  for (const [method, kind, params] of uses) {
    if (kind !== item.kind) continue;
    const before = caller.used.count;
    const { status, messages } = await caller.call(method, params(published));
    const { count } = caller.used;
    if (shown.includes(published)) {
      assert.equal(status, 200, `${method} ${published}`);
      assert.equal(count, before + 1);
      const { params: sent } =
        caller.servers.get(item.target)?.received.findLast(({ message }) => message?.method === method)?.message ?? {};
      assert.deepEqual(sent, params(item.name), "its own server, by its own name");
    } else {
      assert.equal(count, before, `${method} ${published} reaches nobody`);
      assert.notEqual(status, 200);
      if (unknown) {
        const error = { code: -32602, message: `Unknown ${kind}: ${published}` };
        assert.deepEqual([status, messages[0]], [400, { jsonrpc: "2.0", id: 1, error }]);
      }
    }
  }
}

test("where only lists tell, what is hidden and what is not there are answered alike, to the byte", async () => {
  const servers = {
    a: serverOf({ tools: ["x", "both"], prompts: [], uris: [], templates: [] }),
    b: serverOf({ tools: ["both"], prompts: [], uris: [], templates: [] }),
  };
  for (const statefulMode of ["stateful", "stateless"] as const) {
    const rig = new Rig(servers, { prefixMode: "never", statefulMode, authorize: (_exchange, { tool }) => tool?.target === "b" });
    const session = statefulMode === "stateful" ? await rig.open() : undefined;
    for (const name of ["x", "both", "nope"]) {
      const { status, text } = await rig.call("tools/call", { name }, { session });
      const error = `{"code":-32602,"message":"Unknown tool: ${name}"}`;
      assert.deepEqual([status, text], [400, `{"jsonrpc":"2.0","id":1,"error":${error}}`]);
    }
    rig.close();
  }
});

test("a list that a client comes back for shows what the caller may see, no more", async () => {
  const primed = new Reply(200, new HeaderList(["content-type", "text/event-stream"]), "id: 1\ndata: \n\n");
  const server = new FakeServer({ answers: { "tools/list": () => primed } });
  const rig = new Rig({ a: server }, { authorize: (_, { tool }) => tool?.name !== "secret" });
  const session = await rig.open();
  const broken = await rig.send("POST", { jsonrpc: "2.0", id: 7, method: "tools/list" }, { session });
  assert.match((await readBody(broken.reply.body, 1_000)).toString(), /^id: 1$/m, "the client knows where it can go on");
  const { reply } = await rig.send("GET", undefined, { session, headers: { "last-event-id": "1" } });
  const stream = new OpenStream(reply);
  server.push({ jsonrpc: "2.0", method: "notifications/x" });
  server.push({ jsonrpc: "2.0", id: 7, result: tools("open", "secret") });
  server.push({ jsonrpc: "2.0", id: 8, result: { content: [] } });
  await settle();
  assert.deepEqual(stream.messages, [
    { jsonrpc: "2.0", method: "notifications/x" },
    { jsonrpc: "2.0", id: 7, result: tools("open") },
    { jsonrpc: "2.0", id: 8, result: { content: [] } },
  ]);
  stream.close();
});
