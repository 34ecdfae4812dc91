import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reply } from "../../src/contract/reply.ts";
import { FakeServer, type Received, tools } from "./fake-server.ts";
import { type Answered, initialize, OpenStream, type RequestOptions, resultOf, Rig, settle } from "./rig.ts";

/** Names, pages and look-ups of what several targets offer. */

const long = "a_tool_with_a_name_that_somebody_has_thought_about_for_quite_a_long_time";

interface Page {
  readonly tools: readonly { readonly name: string }[];
  readonly nextCursor?: string;
}

function namesOf(answered: Answered): string[] {
  return resultOf<Page>(answered).tools.map(({ name }) => name);
}

function lists({ methods }: FakeServer): number {
  return methods.filter((method) => method.endsWith("/list")).length;
}

function calls({ received }: FakeServer): unknown[] {
  return received.filter(({ message }) => message?.method === "tools/call").map(({ message }) => message?.params?.["name"]);
}

/** All pages of tools/list, one after the other. */
async function allPages(rig: Rig, options: RequestOptions = {}, between: () => void = () => {}): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const answered = await rig.call("tools/list", cursor === undefined ? {} : { cursor }, options);
    pages.push(namesOf(answered));
    cursor = resultOf<Page>(answered).nextCursor;
    between();
  } while (cursor !== undefined && pages.length < 100);
  return pages;
}

const server = (...names: string[]): FakeServer => new FakeServer({ answers: { "tools/list": () => tools(...names) } });

// names

// shows: mcp-name-budget
test("a name that would be too long is short in lists and calls, the server hears its own", async () => {
  const a = server(long, "echo");
  const rig = new Rig({ a, b: server() });
  const session = await rig.open();
  const [short = "", other] = namesOf(await rig.call("tools/list", {}, { session }));
  assert.equal(other, "a_echo");
  assert.match(short, /^a_a_tool_with_a_name_that_somebody_has_thought_about__[0-9a-v]{10}$/);
  assert.equal(short.length, 64);
  const before = lists(a);
  const called = await rig.call("tools/call", { name: short, arguments: { n: 1 } }, { session });
  assert.deepEqual([called.status, calls(a), called.exchange.mcp?.tool?.name], [200, [long], long]);
  assert.equal(lists(a), before, "its list said whose it is");
  const unknown = await rig.call("tools/call", { name: `a_${long}` }, { session });
  assert.equal(unknown.messages[0]?.error?.message, `failed to send message: no target for tool "a_${long}"`);
});

test("the log says once what was shortened", async () => {
  const rig = new Rig({ a: server(long, `${long}2`, "echo"), b: server() });
  for (let i = 0; i < 3; i++) await rig.call("tools/list", {}, { session: await rig.open() });
  const said = rig.log.filter((line) => line.includes("shortened"));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /"kind":"tool","count":2,"names":\["a: a_tool_with.* -> a_a_tool_with/);
  const plain = new Rig({ a: server(long) });
  assert.deepEqual(namesOf(await plain.call("tools/list", {}, { session: await plain.open() })), [long]);
  assert.equal(
    plain.log.some((line) => line.includes("shortened")),
    false,
  );
});

test("without a session the one target whose it can be is asked", async () => {
  const [a, b] = [server(long), server("echo")];
  const rig = new Rig({ a, b }, { statefulMode: "stateless" });
  const [short = ""] = namesOf(await rig.call("tools/list", {}));
  const before = b.received.length;
  assert.equal((await rig.call("tools/call", { name: short })).status, 200);
  assert.deepEqual([calls(a), b.received.length], [[long], before]);
});

test("a tool whose own name is another's short form makes both uncallable", async () => {
  const names = [long, "echo"];
  const a = server(...names);
  const rig = new Rig({ a, b: server() });
  const session = await rig.open();
  const [short = ""] = namesOf(await rig.call("tools/list", {}, { session }));
  a.options.answers!["tools/list"] = tools(...names, short.slice(2));
  assert.deepEqual(namesOf(await rig.call("tools/list", {}, { session })), ["a_echo"]);
  const { status, messages } = await rig.call("tools/call", { name: short }, { session });
  assert.deepEqual([status, messages[0]?.error?.message], [500, `failed to send message: more than one target offers tool "${short}"`]);
  assert.deepEqual(calls(a), []);
});

test("prompts are shortened, called and completed alike; `never` shortens the bare name", async () => {
  const a = new FakeServer({
    capabilities: { prompts: {}, completions: {} },
    answers: {
      "prompts/list": { prompts: [{ name: long }] },
      "prompts/get": { messages: [] },
      "completion/complete": { completion: { values: [] } },
    },
  });
  for (const prefixMode of ["conditional", "never"] as const) {
    const rig = new Rig({ a, b: server() }, { prefixMode, maxNameLength: 40 });
    const session = await rig.open();
    const listed = resultOf<{ prompts: { name: string }[] }>(await rig.call("prompts/list", {}, { session }));
    const name = listed.prompts[0]?.name ?? "";
    assert.match(name, prefixMode === "never" ? /^a_tool_with_a_name_that_someb_\w{10}$/ : /^a_a_tool_with_a_name_that_som_\w{10}$/);
    for (const [method, params] of [
      ["prompts/get", { name }],
      ["completion/complete", { ref: { type: "ref/prompt", name }, argument: { name: "n", value: "" } }],
    ] as const) {
      assert.equal((await rig.call(method, params, { session })).status, 200);
      assert.match(a.received.at(-1)?.body ?? "", new RegExp(`"name":"${long}"`));
    }
  }
});

test("templates are completed at their target, braces and all, whatever the scheme", async () => {
  const target = (): FakeServer =>
    new FakeServer({
      capabilities: { resources: {}, completions: {} },
      answers: {
        "resources/templates/list": {
          resourceTemplates: ["memo://{+path}{?a,b}", "ui://app/{id}"].map((uriTemplate) => ({ uriTemplate })),
        },
        "completion/complete": { completion: { values: [] } },
      },
    });
  const servers = { a: target(), b: target() };
  const rig = new Rig(servers);
  const session = await rig.open();
  const listed = resultOf<{ resourceTemplates: { uriTemplate: string }[] }>(await rig.call("resources/templates/list", {}, { session }));
  const uris = listed.resourceTemplates.map(({ uriTemplate }) => uriTemplate);
  assert.deepEqual(uris, ["a+memo://{+path}{?a,b}", "ui://a+app/{id}", "b+memo://{+path}{?a,b}", "ui://b+app/{id}"]);
  for (const uri of uris) {
    await rig.call("completion/complete", { ref: { type: "ref/resource", uri }, argument: { name: "id", value: "" } }, { session });
  }
  for (const { received } of Object.values(servers)) {
    assert.deepEqual(
      received.slice(-2).map(({ message }) => message?.params?.["ref"]),
      [
        { type: "ref/resource", uri: "memo://{+path}{?a,b}" },
        { type: "ref/resource", uri: "ui://app/{id}" },
      ],
    );
  }
});

// pages

// shows: mcp-pages
test("a merged list comes in pages; the targets are asked for the first alone", async () => {
  const [a, b] = [server("1", "2", "3"), server("4", "5")];
  const rig = new Rig({ a, b }, { pageSize: 2 });
  const session = await rig.open();
  assert.deepEqual(await allPages(rig, { session }), [["a_1", "a_2"], ["a_3", "b_4"], ["b_5"]]);
  assert.deepEqual([lists(a), lists(b)], [1, 1]);
  await allPages(rig, { session });
  assert.equal(lists(a), 2, "a list from its beginning is never an old one");
});

test("targets come in the order of the configuration, however fast they answer", async () => {
  const slow = new FakeServer({ answers: { "tools/list": () => settle().then(() => tools("z", "a")) } });
  const rig = new Rig({ z: slow, a: server("1") }, { pageSize: 1 });
  assert.deepEqual(await allPages(rig, { session: await rig.open() }), [["z_z"], ["z_a"], ["a_1"]]);
});

test("without a session, or elsewhere, a cursor goes on behind the name it knows", async () => {
  let names = ["1", "2", "3", "4"];
  const a = new FakeServer({ answers: { "tools/list": () => tools(...names) } });
  const rig = new Rig({ a, b: server("5") }, { pageSize: 2, statefulMode: "stateless" });
  assert.deepEqual(await allPages(rig), [["a_1", "a_2"], ["a_3", "a_4"], ["b_5"]]);
  const elsewhere = { headers: { "x-replica": "2" } }; // where the list that page one was of is not kept
  const first = resultOf<Page>(await rig.call("tools/list", {}));
  names = ["0", "2", "3", "3b", "4"];
  const second = resultOf<Page>(await rig.call("tools/list", { cursor: first.nextCursor }, elsewhere));
  const third = resultOf<Page>(await rig.call("tools/list", { cursor: second.nextCursor }, elsewhere));
  const changed = [first, second, third].map(({ tools: page }) => page.map(({ name }) => name));
  assert.deepEqual(changed, [
    ["a_1", "a_2"],
    ["a_3", "a_3b"],
    ["a_4", "b_5"],
  ]);
});

test("a list that has changed is asked for again, and goes on where it was", async () => {
  let names = ["1", "2", "3"];
  const a = new FakeServer({ answers: { "tools/list": () => tools(...names) } });
  const rig = new Rig({ a, b: server() }, { pageSize: 1 });
  const session = await rig.open();
  const { reply } = await rig.send("GET", undefined, { session, headers: { accept: "text/event-stream" } });
  const stream = new OpenStream(reply);
  await settle();
  const first = resultOf<Page>(await rig.call("tools/list", {}, { session }));
  names = ["0", "1", "2", "3"];
  a.push({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  await settle();
  assert.deepEqual(namesOf(await rig.call("tools/list", { cursor: first.nextCursor }, { session })), ["a_2"]);
  stream.close();
});

test("look-ups end with list_changed, also where the client has no stream to be told on", async () => {
  let owner = "a";
  const offers = (name: string): FakeServer =>
    new FakeServer({
      answers: {
        "tools/list": () => tools(...(owner === name ? ["one"] : [])),
        "tools/call": ({ message }: Received) => {
          const changed = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };
          return eventReply(changed, { jsonrpc: "2.0", id: message?.id, result: { content: [] } });
        },
      },
    });
  const servers = { a: offers("a"), b: offers("b") };
  const rig = new Rig(servers, { prefixMode: "never" });
  const session = await rig.open();
  const call = (): Promise<Answered> => rig.call("tools/call", { name: "one" }, { session, headers: { accept: "application/json" } });
  await call();
  owner = "b";
  await call();
  assert.deepEqual([calls(servers.a), calls(servers.b)], [["one"], ["one"]]);
});

function eventReply(...messages: object[]): Reply {
  const reply = Reply.text(200, messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(""));
  reply.headers.set("content-type", "text/event-stream");
  return reply;
}

test("a look-up is good for its time", async () => {
  const a = server("one");
  const rig = new Rig({ a, b: server() }, { prefixMode: "never", limits: { keptListMs: 100 }, sessionTtlMs: 10_000 });
  const session = await rig.open();
  for (const [passedMs, asked] of [
    [0, 1],
    [100, 1],
    [1, 2],
  ] as const) {
    rig.clock.now += passedMs;
    assert.equal((await rig.call("tools/call", { name: "one" }, { session })).status, 200);
    assert.equal(lists(a), asked);
  }
});

test("rules come before pages: what is hidden leaves no gap, and a cursor of somebody who sees more shows no more", async () => {
  const rig = new Rig(
    { a: server("1", "secret", "2", "3", "secret2"), b: server("secret", "4") },
    {
      pageSize: 2,
      authorize: (exchange, { tool }) => exchange.incoming.headers.get("x-role") === "admin" || tool?.name.startsWith("secret") === false,
    },
  );
  const session = await rig.open();
  assert.deepEqual(await allPages(rig, { session }), [
    ["a_1", "a_2"],
    ["a_3", "b_4"],
  ]);
  const admin = { session, headers: { "x-role": "admin" } };
  const { nextCursor: cursor } = resultOf<Page>(await rig.call("tools/list", {}, admin));
  assert.deepEqual(namesOf(await rig.call("tools/list", { cursor }, admin)), ["a_2", "a_3"]);
  assert.deepEqual(namesOf(await rig.call("tools/list", { cursor }, { session })), ["a_2", "a_3"]);
});

test("fuzz: a cursor that is none is an error, with the request's id, and asks nobody", async () => {
  const a = server("1", "2", "3");
  const rig = new Rig({ a, b: server() }, { pageSize: 1 });
  const session = await rig.open();
  const cursor = fc.anything().filter((value) => value !== null && value !== undefined && JSON.stringify(value) !== undefined);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.base64String(), cursor), async (given) => {
      const { status, messages } = await rig.call("tools/list", { cursor: given }, { session });
      assert.deepEqual([status, messages[0]], [400, { jsonrpc: "2.0", id: 1, error: { code: -32602, message: "invalid cursor" } }]);
    }),
  );
  assert.equal(lists(a), 0);
  const { nextCursor } = resultOf<Page>(await rig.call("tools/list", {}, { session }));
  assert.equal((await rig.call("prompts/list", { cursor: nextCursor }, { session })).status, 400, "of another list");
});

test("a lone target's cursors are its own, bytes and all", async () => {
  const a = new FakeServer({ answers: { "tools/list": { ...tools("1", "2"), nextCursor: " ä=" } } });
  const rig = new Rig({ a }, { pageSize: 1 });
  const session = await rig.open();
  const listed = await rig.call("tools/list", { cursor: "anything" }, { session });
  assert.deepEqual([namesOf(listed), resultOf<Page>(listed).nextCursor], [["1", "2"], " ä="]);
  assert.deepEqual(a.received.at(-1)?.message?.params, { cursor: "anything" });
});

test("failOpen: while a target is missing every list is offered, then what there is", async () => {
  let up = false;
  const down = server();
  const { send } = down;
  Object.assign(down, { send: (...sent: Parameters<typeof send>) => (up ? send(...sent) : Promise.reject(new Error("down"))) });
  const rig = new Rig({ a: server("1"), b: down }, { failureMode: "failOpen" });
  const opened = await rig.post(initialize());
  assert.deepEqual(Object.keys(resultOf<{ capabilities: object }>(opened).capabilities), ["tools", "prompts", "resources"]);
  up = true;
  const whole = await rig.post(initialize());
  assert.deepEqual(resultOf<{ capabilities: object }>(whole).capabilities, { tools: {} });
});

test("failOpen: a further page, too, says whose part is an older one", async () => {
  let up = true;
  const b = server("1", "2");
  const { send } = b;
  Object.assign(b, { send: (...sent: Parameters<typeof send>) => (up ? send(...sent) : Promise.reject(new Error("down"))) });
  const rig = new Rig({ a: server(), b }, { failureMode: "failOpen", pageSize: 1 });
  const session = await rig.open();
  const stale = async (cursor?: string): Promise<[unknown, string | undefined]> => {
    const page = resultOf<Page & { _meta?: object }>(await rig.call("tools/list", { cursor }, { session }));
    return [page._meta, page.nextCursor];
  };
  const [before] = await stale();
  up = false;
  const [first, cursor] = await stale();
  const [second] = await stale(cursor);
  const older = { "turnpike/stale": ["b"] };
  assert.deepEqual([before, first, second], [undefined, older, older]);
});
