import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { Reply } from "../../src/contract/reply.ts";
import { askingServer, callStateless, statelessRequest, type StatelessOptions } from "./eras/asking-server.ts";
import { FakeServer, type RpcMessage } from "./fake-server.ts";
import { type Answered, OpenStream, resultOf, Rig, type RigOptions, settle } from "./rig.ts";

/** Clients without sessions at servers that have nothing else: calls that wait for their callers, and how they end. */

interface Held {
  readonly shared: { readonly size: number };
  readonly parked: { readonly size: number };
}

interface InputRequired {
  readonly resultType: string;
  readonly inputRequests: Record<string, { method: string; params: Record<string, unknown> }>;
  readonly requestState: string;
}

const heldBy = (rig: Rig): Held => rig.held<Held>("mcp bridge mcp:test");
const form = { message: "Your name?", requestedSchema: { type: "object", properties: {} } };
const accepted = { action: "accept", content: { name: "Ada" } };
const textOf = (answered: Answered): string => resultOf<{ content: { text: string }[] }>(answered).content[0]?.text ?? "";
const errorOf = ({ messages, text }: Answered): { code: number; message: string } => {
  const error = messages.at(-1)?.error;
  assert.ok(error, text);
  return error;
};

/** A server with a tool that asks for a name. */
const greeter = (): FakeServer =>
  askingServer(async ({ ask }) => {
    const { result } = await ask("elicitation/create", form);
    return `hello ${(result as { content?: { name?: string } }).content?.name}`;
  });

// shows: mcp-eras-questions
describe("calls that wait for their callers", () => {
  const rigs: Rig[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  before(() => process.on("unhandledRejection", onRejection));
  after(() => {
    for (const rig of rigs) rig.close();
    process.off("unhandledRejection", onRejection);
    assert.deepEqual(rejections, []);
  });

  function rigFor(server: FakeServer, options: RigOptions = {}): Rig {
    const rig = new Rig({ old: server }, options);
    rigs.push(rig);
    return rig;
  }

  const call = (rig: Rig, options: StatelessOptions = {}): Promise<Answered> =>
    callStateless(rig, "tools/call", { name: "greet", arguments: { a: 1 } }, options);
  const goOn = (rig: Rig, requestState: unknown, inputResponses: unknown, options: StatelessOptions = {}): Promise<Answered> =>
    callStateless(rig, "tools/call", { name: "greet", arguments: { a: 1 }, requestState, inputResponses }, { id: 2, ...options });
  async function parked(rig: Rig, options: StatelessOptions = {}): Promise<InputRequired> {
    const required = resultOf<InputRequired>(await call(rig, options));
    assert.equal(required.resultType, "input_required");
    return required;
  }

  test("asked, answered, done: nothing is left but the session", async () => {
    const server = greeter();
    const rig = rigFor(server);
    const { inputRequests, requestState } = await parked(rig);
    assert.deepEqual(inputRequests, { 1: { method: "elicitation/create", params: form } });
    assert.equal(heldBy(rig).parked.size, 1);
    const done = await goOn(rig, requestState, { 1: accepted });
    assert.equal(done.messages[0]?.id, 2);
    assert.equal(textOf(done), "hello Ada");
    assert.deepEqual([heldBy(rig).parked.size, heldBy(rig).shared.size], [0, 1]);
    await parked(rig); // the session is free again
    assert.equal(server.sessions.size, 1);
  });

  test("nobody else, nothing else, not twice, not in another process", async () => {
    const rig = rigFor(greeter());
    const { requestState } = await parked(rig, { headers: { authorization: "Bearer a" } });
    const own = { headers: { authorization: "Bearer a" } };
    const refused = /-?no call waits under this requestState/;
    const answers = { 1: accepted };
    for (const attempt of [
      goOn(rig, requestState, answers, { headers: { authorization: "Bearer b" } }),
      goOn(rig, requestState, answers, { identity: { jwt: { claims: { sub: "eve", iss: "i" } } } as never, ...own }),
      callStateless(rig, "tools/call", { name: "other", arguments: { a: 1 }, requestState, inputResponses: answers }, own),
      callStateless(rig, "tools/call", { name: "greet", arguments: { a: 2 }, requestState, inputResponses: answers }, own),
      callStateless(rig, "prompts/get", { name: "greet", arguments: { a: 1 }, requestState, inputResponses: answers }, own),
      goOn(rigFor(greeter()), requestState, answers, own),
    ]) {
      const answered = await attempt;
      assert.equal(answered.status, 400, answered.text);
      assert.equal(errorOf(answered).code, -32602);
      assert.match(errorOf(answered).message, refused);
    }
    assert.equal(textOf(await goOn(rig, requestState, answers, own)), "hello Ada");
    assert.match(errorOf(await goOn(rig, requestState, answers, own)).message, refused);
    assert.equal(heldBy(rig).parked.size, 0);
  });

  test("fields that proxies write anew for each request do not make another caller", async () => {
    const rig = rigFor(greeter());
    const noise = (value: string): Record<string, string> => ({
      "cf-ray": value,
      "x-amzn-trace-id": value,
      "x-b3-traceid": value,
      traceparent: value,
    });
    const { requestState } = await parked(rig, { headers: noise("1") });
    assert.equal(textOf(await goOn(rig, requestState, { 1: accepted }, { headers: noise("2") })), "hello Ada");
  });

  test("a call that nobody goes on with is ended, at the server too", async (context: TestContext) => {
    const server = greeter();
    const rig = rigFor(server);
    const { requestState } = await parked(rig);
    const second = rigFor(greeter(), { limits: { parkMs: 50 } });
    const late = await parked(second);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.equal(heldBy(second).parked.size, 0);
    assert.match(errorOf(await goOn(second, late.requestState, { 1: accepted })).message, /no call waits/);
    // and in its time
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const third = greeter();
    const patient = rigFor(third);
    await parked(patient);
    context.mock.timers.tick(599_999);
    assert.equal(heldBy(patient).parked.size, 1);
    context.mock.timers.tick(1);
    assert.equal(heldBy(patient).parked.size, 0);
    await settle();
    assert.ok(third.methods.includes("notifications/cancelled"));
    context.mock.timers.reset();
    assert.equal(textOf(await goOn(rig, requestState, { 1: accepted })), "hello Ada");
  });

  test("as many wait as may; the server of one more is told that nobody can be asked", async () => {
    const server = askingServer(async ({ ask }) => `error ${(await ask("elicitation/create", form)).error?.code}`);
    const rig = rigFor(server, { limits: { maxParkedCalls: 3, maxParkedCallsEach: 1 } });
    const of = (name: string): StatelessOptions => ({ headers: { authorization: name } });
    await parked(rig, of("a"));
    assert.equal(textOf(await call(rig, of("a"))), "error -32601");
    await parked(rig, of("b"));
    await parked(rig, of("c"));
    assert.equal(textOf(await call(rig, of("d"))), "error -32601");
    assert.equal(heldBy(rig).parked.size, 3);
  });

  test("as many sessions as may be in use: an error that says so", async () => {
    const rig = rigFor(greeter(), { limits: { maxSharedSessions: 1 } });
    await parked(rig);
    const refused = await call(rig);
    assert.equal(refused.status, 503);
    assert.match(errorOf(refused).message, /"old".*sessions.*are in use/);
  });

  test("a client that leaves takes its call along", async () => {
    let begun!: () => void;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const server = askingServer(() => (begun(), new Promise(() => {})));
    const rig = rigFor(server);
    const leaving = new AbortController();
    const left = call(rig, { signal: leaving.signal });
    await beginning;
    await settle();
    leaving.abort();
    assert.match(errorOf(await left).message, /the client left/);
    await settle();
    assert.equal(server.methods.filter((method) => method === "notifications/cancelled").length, 1);
    assert.equal(heldBy(rig).parked.size, 0);
    const again = new AbortController();
    void call(rig, { signal: again.signal });
    await settle();
    assert.equal(server.sessions.size, 1, "the session was free");
    again.abort();
  });

  test("so does one that was reading its stream already", async () => {
    const server = askingServer(({ send }) => {
      send({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "begun" } });
      return new Promise(() => {});
    });
    const rig = rigFor(server);
    const meta = { "io.modelcontextprotocol/logLevel": "info" };
    const { reply } = await rig.send("POST", ...statelessRequest("tools/call", { name: "greet" }, { meta }));
    const stream = new OpenStream(reply);
    await settle();
    assert.equal(stream.messages.length, 1);
    stream.close();
    await settle();
    assert.equal(server.methods.filter((method) => method === "notifications/cancelled").length, 1);
  });

  test("several questions at once; what is not answered is asked again", async () => {
    const server = askingServer(async ({ ask }) => {
      const answers = await Promise.all([ask("elicitation/create", form), ask("roots/list"), ask("elicitation/create", form)]);
      return JSON.stringify(answers.map(({ result }) => result));
    });
    const rig = rigFor(server);
    const abilities = { capabilities: { elicitation: {}, roots: {} } };
    const first = await parked(rig, abilities);
    assert.deepEqual(Object.keys(first.inputRequests), ["1", "2", "3"]);
    const second = resultOf<InputRequired>(await goOn(rig, first.requestState, { 2: { roots: [] } }, abilities));
    assert.deepEqual(Object.keys(second.inputRequests), ["1", "3"]);
    const third = resultOf<InputRequired>(await goOn(rig, second.requestState, {}, abilities));
    assert.deepEqual(Object.keys(third.inputRequests), ["1", "3"]);
    const done = await goOn(rig, third.requestState, { 1: accepted, 3: { action: "cancel" } }, abilities);
    assert.deepEqual(JSON.parse(textOf(done)), [accepted, { roots: [] }, { action: "cancel" }]);
  });

  test("a server may ask only for what its client can do", async () => {
    const server = askingServer(async ({ ask }) => {
      const asked = ["sampling/createMessage", "roots/list", "tasks/list", "ping"].map((method) => ask(method));
      const url = ask("elicitation/create", { mode: "url", message: "m", url: "https://example.test/" });
      return (await Promise.all([...asked, url])).map(({ error }) => error?.code ?? "answered").join(" ");
    });
    assert.equal(textOf(await call(rigFor(server))), "-32601 -32601 -32601 answered -32601");
  });

  test("a server that asks for ever, one after the other or all at once, is stopped", async () => {
    const endless = askingServer(async ({ ask }) => {
      for (;;) await ask("elicitation/create", form);
    });
    const rig = rigFor(endless, { limits: { maxRounds: 3 } });
    let { requestState, inputRequests } = await parked(rig);
    for (let round = 2; round <= 3; round++) {
      ({ requestState, inputRequests } = resultOf<InputRequired>(
        await goOn(rig, requestState, { [Object.keys(inputRequests)[0] as string]: accepted }),
      ));
    }
    const last = await goOn(rig, requestState, { 3: accepted });
    assert.match(errorOf(last).message, /"old".*asked back more than 3 times/);
    await settle();
    assert.ok(endless.methods.includes("notifications/cancelled"));
    assert.equal(heldBy(rig).parked.size, 0);

    const flood = askingServer(async ({ ask }) => {
      await Promise.all(Array.from({ length: 1_000 }, () => ask("elicitation/create", form)));
      return "";
    });
    assert.equal(Object.keys((await parked(rigFor(flood))).inputRequests).length, 64);
  });

  test("hostile retries get clear errors, and leave nothing", async () => {
    const rig = rigFor(greeter());
    for (const state of [5, null, {}, [], "", "x", "x".repeat(1_000_000), { __proto__: null, toString: 1 }]) {
      const answered = await goOn(rig, state, { 1: accepted });
      assert.equal(answered.status, 400, JSON.stringify(state).slice(0, 50));
      assert.equal(errorOf(answered).code, -32602);
    }
    let { requestState } = await parked(rig);
    for (const answers of ["x", 5, null, [], [accepted], { 1: 5 }, { 1: null }, { 1: [accepted] }, JSON.parse('{"__proto__":{"1":{}}}')]) {
      const again = resultOf<InputRequired>(await goOn(rig, requestState, answers));
      assert.deepEqual(Object.keys(again.inputRequests), ["1"], JSON.stringify(answers));
      ({ requestState } = again);
      assert.equal(heldBy(rig).parked.size, 1);
      if (heldBy(rig).parked.size !== 1) break;
    }
    const huge = { action: "accept", content: { name: "n".repeat(1_000_000) } };
    assert.equal(textOf(await goOn(rig, requestState, { 1: huge, 99: huge })).length, 1_000_006);
  });

  test("answers that can be read in two ways end the call", async () => {
    const server = greeter();
    const rig = rigFor(server);
    const { requestState } = await parked(rig);
    const [message, options] = statelessRequest("tools/call", {
      name: "greet",
      arguments: { a: 1 },
      requestState,
      inputResponses: { 1: accepted },
    });
    const text = JSON.stringify(message).replace('"inputResponses":{', '"inputResponses":{"1":{"action":"decline"},');
    const answered = await rig.post(text, options);
    assert.equal(answered.status, 400, answered.text);
    assert.match(errorOf(answered).message, /ambiguous key "1"/);
    await settle();
    assert.equal(heldBy(rig).parked.size, 0);
    assert.ok(server.methods.includes("notifications/cancelled"));
  });

  test("a page to visit first, said by an error, is asked for, if there is one", async () => {
    const page = { mode: "url", message: "visit", url: "https://example.test/", elicitationId: "e" };
    const refusal =
      (elicitations: unknown) =>
      ({ message }: { message: RpcMessage }) =>
        Reply.json(200, { jsonrpc: "2.0", id: message.id, error: { code: -32042, message: "visit first", data: { elicitations } } });
    const rig = rigFor(new FakeServer({ sessions: true, answers: { "tools/call": refusal([page]) } }));
    const asked = resultOf<InputRequired>(await call(rig, { capabilities: { elicitation: { url: {} } } }));
    assert.deepEqual(asked.inputRequests, {
      "url-1": { method: "elicitation/create", params: { mode: "url", message: "visit", url: "https://example.test/" } },
    });
    const cannot = await call(rig);
    assert.equal(cannot.status, 400);
    assert.equal(errorOf(cannot).code, -32021);
    const none = rigFor(new FakeServer({ sessions: true, answers: { "tools/call": refusal("garbage") } }));
    assert.equal(errorOf(await call(none, { capabilities: { elicitation: { url: {} } } })).code, -32603);
  });

  test("tasks of the extension are not those of servers with sessions", async () => {
    const rig = rigFor(new FakeServer({ sessions: true, capabilities: { tools: {}, tasks: {} } }));
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      const answered = await callStateless(rig, method, { taskId: "t" });
      assert.equal(answered.status, 404);
      assert.deepEqual(errorOf(answered), { code: -32601, message: `method not found: ${method}` });
    }
    const { capabilities } = resultOf<{ capabilities: object }>(await callStateless(rig, "server/discover"));
    assert.deepEqual(capabilities, { tools: {} });
  });

  // shows: mcp-eras-garbage
  test("garbage of a server is an error that names it, at every step", async () => {
    const bodies = [
      "",
      "not json",
      "[]",
      "5",
      '"x"',
      "null",
      "{}",
      '{"jsonrpc":"2.0","id":1}',
      '{"result":{"a":1,"A":2,"resultType":1,"resulttype":2}}',
      "data: x\n\n",
    ];
    for (const body of bodies) {
      for (const type of ["application/json", "text/event-stream", "text/html"]) {
        const garbage = (): Reply =>
          new Reply(200, new HeaderList(["content-type", type]), type.startsWith("text/event") ? `data: ${body}\n\n` : body);
        for (const step of ["initialize", "tools/call", "tools/list", "subscriptions/listen"]) {
          const rig = new Rig({ old: new FakeServer({ sessions: true, answers: { [step]: garbage } }), other: greeter() }, {});
          rigs.push(rig);
          const what = `${step} ${type} ${body}`;
          for (const capabilities of [{ elicitation: {} }, {}]) {
            const answered =
              step === "tools/list"
                ? await callStateless(rig, "tools/list", {}, { capabilities })
                : await callStateless(rig, "tools/call", { name: "old_greet" }, { capabilities });
            const last = answered.messages.at(-1);
            assert.ok(last?.result !== undefined || last?.error !== undefined, `${what}: ${answered.status} ${answered.text}`);
            if (step === "initialize") assert.match(last.error?.message ?? "", /target "old"/, what);
          }
        }
      }
    }
  });
});
