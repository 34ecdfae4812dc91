import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { watchedUri } from "./eras/content.ts";
import { type ClientKind, clientKinds, connectAs, type Person, type ToolResult } from "./eras/people.ts";
import { type EraServer, type ServerEra, startEraServer } from "./eras/servers.ts";

/**
 * Clients and servers of the two eras of MCP, official ones all of them, meet through the gateway. Old: with sessions
 * (2024-11-05 to 2025-11-25); new: without (2026-07-28).
 *
 * What cannot be in a cell: tasks between the eras (those of 2025-11-25 and the extension's are different protocols): -32601,
 * see bridge.test.ts. In stateless mode old clients cannot be asked, nor told anything of a server's own accord.
 */

const eras: readonly ServerEra[] = ["old", "new", "dual"];
const deadlineMs = 5_000;

/** Waits until something that was caused is there. */
async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!holds()) {
    assert.ok(Date.now() < end, `never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const textOf = ({ content }: ToolResult): string => content.map(({ text }) => text).join("\n");

/** What a server is called where it is one of several, and how its URIs are then written. */
interface Names {
  readonly tool: (name: string) => string;
  readonly uri: (uri: string) => string;
}

const plain: Names = { tool: (name) => name, uri: (uri) => uri };
const prefixed = (target: string): Names => ({ tool: (name) => `${target}_${name}`, uri: (uri) => `${target}+${uri}` });

async function listsAndItems({ client, call }: Person, { tool, uri }: Names): Promise<void> {
  const { tools } = await client.listTools();
  const sum = tools.find(({ name }) => name === tool("sum"));
  assert.equal(sum?.outputSchema?.type, "object");
  const result = await call(tool("sum"), { a: 2, b: 3 });
  assert.deepEqual(result.structuredContent, { sum: 5 });
  assert.equal((await call(tool("fail"))).isError, true);
  await assert.rejects(client.readResource({ uri: uri("era://unknown") }), /-32602|-32002|not found/i);

  const { prompts } = await client.listPrompts();
  assert.ok(prompts.some(({ name }) => name === tool("trip")));
  const { messages } = await client.getPrompt({ name: tool("trip"), arguments: { city: "rome" } });
  assert.deepEqual(messages[0]?.content, { type: "text", text: "to rome" });
  const ref = { type: "ref/prompt", name: tool("trip") } as const;
  const completed = await client.complete({ ref, argument: { name: "city", value: "par" } });
  assert.deepEqual(completed.completion.values, ["paris", "parma"]);

  const { resources } = await client.listResources();
  assert.ok(resources.some((resource) => resource.uri === uri(watchedUri)));
  const { contents } = await client.readResource({ uri: uri(watchedUri) });
  assert.deepEqual(contents, [{ uri: uri(watchedUri), text: "watched" }]);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.ok(resourceTemplates.some(({ uriTemplate }) => uriTemplate === uri("era://items/{id}")));
  const item = await client.readResource({ uri: uri("era://items/7") });
  assert.deepEqual(item.contents, [{ uri: uri("era://items/7"), text: "item 7" }]);
}

async function questions(person: Person, { tool }: Names): Promise<void> {
  assert.equal(textOf(await person.call(tool("ask-form"))), "accept: Ada");
  assert.equal(textOf(await person.call(tool("ask-url"))), "visited: accept");
  assert.deepEqual(person.visited, ["https://example.test/visit"]);
  assert.equal(textOf(await person.call(tool("sample"))), "sampled: sampled text");
  assert.equal(textOf(await person.call(tool("roots"))), "file:///root");
  assert.equal(textOf(await person.call(tool("two-rounds"))), "Ada likes blue");
  person.answer = "decline";
  assert.equal(textOf(await person.call(tool("ask-form"))), "decline: undefined");
  person.answer = "throw";
  // the old server makes a result of it; where the answer never reaches the server it is the call's own failure
  const failed: unknown = await person.call(tool("ask-form")).catch((thrown: unknown) => thrown);
  assert.ok(failed instanceof Error || (failed as ToolResult).isError === true, JSON.stringify(failed));
  person.answer = "accept";
}

async function notifications(person: Person, { backstage }: EraServer, { tool, uri }: Names): Promise<void> {
  await person.watch(uri(watchedUri));
  const progress: number[] = [];
  const result = await person.call(tool("work"), {}, { onprogress: (step) => void progress.push(step.progress) });
  assert.equal(textOf(result), "worked");
  assert.deepEqual(progress, [1, 2]);
  await until(() => person.logs.length >= 2, "log messages");
  assert.deepEqual(person.logs.slice(0, 2), ["step 1", "step 2"]);

  await until(() => {
    for (const change of backstage.change) change(watchedUri); // until the streams are there to hear it
    return person.updated.includes(uri(watchedUri)) && person.changes > 0;
  }, "notifications of changes");
}

async function cancellation({ call }: Person, { backstage }: EraServer, { tool }: Names): Promise<void> {
  const { cancelled, begun } = backstage;
  const leaving = new AbortController();
  const slow = call(tool("slow"), {}, { signal: leaving.signal });
  slow.catch(() => {});
  await until(() => backstage.begun > begun, "the slow call");
  leaving.abort();
  await assert.rejects(slow);
  await until(() => backstage.cancelled > cancelled, "the cancellation at the server");
}

// shows: mcp-eras
describe("four pairs of eras", () => {
  const servers = new Map<ServerEra, EraServer>();
  const gateways = new Map<string, TestGateway>();
  const people: Person[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);

  const server = (era: ServerEra): EraServer => servers.get(era) as EraServer;
  const host = (era: ServerEra): string => `{name: ${era}, mcp: {host: ${JSON.stringify(server(era).url)}}}`;

  before(async () => {
    process.on("unhandledRejection", onRejection);
    for (const era of eras) servers.set(era, await startEraServer(era));
    for (const mode of ["stateful", "stateless"]) {
      for (const era of eras) {
        gateways.set(`${era} ${mode}`, await startTestGateway(`mcp: {port: 0, statefulMode: ${mode}, targets: [${host(era)}]}`));
      }
      gateways.set(
        `mixed ${mode}`,
        await startTestGateway(`mcp: {port: 0, statefulMode: ${mode}, targets: [${eras.map(host).join(", ")}]}`),
      );
    }
  });

  after(async () => {
    for (const person of people) await person.close();
    for (const gateway of gateways.values()) await gateway.close();
    for (const one of servers.values()) await one.close();
    process.off("unhandledRejection", onRejection);
    assert.deepEqual(rejections, []);
  });

  async function person(kind: ClientKind, gateway: string): Promise<Person> {
    const connected = await connectAs(kind, `${gateways.get(gateway)?.url()}/mcp`);
    people.push(connected);
    return connected;
  }

  for (const kind of clientKinds) {
    for (const era of eras) {
      test(`${kind} and a server that is ${era}`, async () => {
        const one = await person(kind, `${era} stateful`);
        assert.equal(one.revision, kind === "SDK 2, new mode" ? "2026-07-28" : "2025-11-25");
        assert.equal(one.client.getInstructions(), `${era === "old" ? "old" : "new"} instructions`);
        await listsAndItems(one, plain);
        await questions(one, plain);
        if (era === "new") {
          const { structuredContent } = await one.call("list");
          assert.deepEqual(structuredContent, kind === "SDK 2, new mode" ? [1, 2] : undefined);
        }
        if (era === "old" && kind === "SDK 2, new mode") {
          assert.equal(textOf(await one.call("ask-aside")), "accept: Ada");
          assert.equal(textOf(await one.call("need-url")), "ready");
          assert.equal(one.visited.at(-1), "https://example.test/first");
        }
        await notifications(one, server(era), plain);
        await cancellation(one, server(era), plain);
      });
    }

    test(`${kind} and servers of both eras behind one address`, async () => {
      const one = await person(kind, "mixed stateful");
      for (const era of eras) {
        const names = prefixed(era);
        one.visited.length = 0;
        await listsAndItems(one, names);
        await questions(one, names);
        await cancellation(one, server(era), names);
      }
    });

    for (const era of eras) {
      test(`${kind} hears of the server that is ${era} among others`, async () => {
        await notifications(await person(kind, "mixed stateful"), server(era), prefixed(era));
      });
    }

    for (const gateway of ["old", "new", "dual", "mixed"]) {
      test(`${kind} where clients get no sessions: ${gateway}`, async () => {
        const one = await person(kind, `${gateway} stateless`);
        const names = gateway === "mixed" ? eras.map(prefixed) : [plain];
        for (const each of names) {
          one.visited.length = 0;
          await listsAndItems(one, each);
          if (kind === "SDK 2, new mode") await questions(one, each);
        }
      });
    }
  }
});
