import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { watchedUri } from "./eras/content.ts";
import { type ClientKind, clientKinds, connectAs, type Person } from "./eras/people.ts";
import { type EraServer, type ServerEra, startEraServer } from "./eras/servers.ts";
import { type Asked, GuardrailServer } from "./guardrail-server.ts";

/** Rules, guardrails, pinned tools, logs and metrics hold for clients and servers of both eras of MCP alike. */

const eras: readonly ServerEra[] = ["old", "new"];
const kinds: readonly ClientKind[] = clientKinds.filter((kind) => kind !== "SDK 2, old mode");

// shows: mcp-eras-policies
describe("policies and the eras of MCP", () => {
  const servers = new Map<ServerEra, EraServer>();
  const gateways: TestGateway[] = [];
  const people: Person[] = [];
  const guards: GuardrailServer[] = [];

  before(async () => {
    for (const era of eras) servers.set(era, await startEraServer(era));
  });

  after(async () => {
    for (const person of people) await person.close();
    for (const gateway of gateways) await gateway.close();
    for (const guard of guards) guard.close();
    for (const server of servers.values()) await server.close();
  });

  const server = (era: ServerEra): EraServer => servers.get(era) as EraServer;
  async function gatewayWith(targets: readonly ServerEra[], policies: object, more: object = {}): Promise<TestGateway> {
    const list = targets.map((era) => ({ name: era, mcp: { host: server(era).url } }));
    const gateway = await startTestGateway(JSON.stringify({ mcp: { port: 0, targets: list, policies, ...more } }));
    gateways.push(gateway);
    return gateway;
  }
  async function person(kind: ClientKind, gateway: TestGateway): Promise<Person> {
    const connected = await connectAs(kind, `${gateway.url()}/mcp`);
    people.push(connected);
    return connected;
  }

  for (const kind of kinds) {
    for (const era of eras) {
      for (const targets of [[era], ["old", "new"] as const]) {
        const alone = targets.length === 1;
        const tool = (name: string): string => (alone ? name : `${era}_${name}`);
        const uri = (value: string): string => (alone ? value : `${era}+${value}`);
        const where = `${kind}, a server that is ${era}, ${alone ? "alone" : "among others"}`;

        test(`${where}: what the rules hide cannot be seen, used or listened for`, async () => {
          const rules = [
            { deny: 'mcp.tool.name == "sum"' },
            { deny: 'mcp.prompt.name == "trip"' },
            { deny: `mcp.resource.name == "${watchedUri}"` },
            { deny: 'mcp.resource.name == "era://items/7"' },
          ];
          const one = await person(kind, await gatewayWith(targets, { mcpAuthorization: { rules } }));
          const { client } = one;
          const { tools } = await client.listTools();
          assert.ok(tools.some(({ name }) => name === tool("work")) && !tools.some(({ name }) => name === tool("sum")));
          const before = server(era).seen.length;
          await assert.rejects(one.call(tool("sum"), { a: 1, b: 2 }), /-32602|Unknown tool/);
          await assert.rejects(client.getPrompt({ name: tool("trip"), arguments: { city: "rome" } }), /Unknown prompt/);
          const ref = { type: "ref/prompt", name: tool("trip") } as const;
          await assert.rejects(client.complete({ ref, argument: { name: "city", value: "p" } }), /Unknown prompt/);
          await assert.rejects(client.readResource({ uri: uri(watchedUri) }), /Unknown resource|not found/i);
          await assert.rejects(client.readResource({ uri: uri("era://items/7") }), /Unknown resource|not found/i);
          assert.deepEqual(
            server(era)
              .seen.slice(before)
              .filter((method) => /call|get|read|complete/.test(method)),
            [],
          );
          assert.ok(!(await client.listPrompts()).prompts.some(({ name }) => name === tool("trip")));
          assert.ok(!(await client.listResources()).resources.some((resource) => resource.uri === uri(watchedUri)));
          assert.equal((await client.readResource({ uri: uri("era://items/8") })).contents.length, 1);

          if (kind === "SDK 2, new mode") {
            await one.watch(uri(watchedUri));
            for (let round = 0; round < 20; round++) {
              for (const change of server(era).backstage.change) change(watchedUri);
              await new Promise((resolve) => setTimeout(resolve, 5));
              if (one.changes > 0 && round > 5) break;
            }
            assert.ok(one.changes > 0, "the stream is there");
            assert.deepEqual(one.updated, []);
          } else await assert.rejects(one.watch(uri(watchedUri)), /Unknown resource|not found/i);
        });

        test(`${where}: a new configuration while the client is being asked does not end the call`, async () => {
          const gateway = await gatewayWith(targets, {});
          const one = await person(kind, gateway);
          one.beforeAnswer = async () => {
            const list = targets.map((name) => ({ name, mcp: { host: server(name).url } }));
            const policies = { mcpAuthorization: { rules: [{ deny: 'mcp.tool.name == "sum"' }] } };
            assert.ok(await gateway.reload(JSON.stringify({ mcp: { port: 0, targets: list, policies } })));
          };
          assert.equal((await one.call(tool("two-rounds"))).content[0]?.text, "Ada likes blue");
          await assert.rejects(one.call(tool("sum"), { a: 1, b: 2 }), /Unknown tool/);
        });

        test(`${where}: processors see calls and answers, in the words of the target`, async () => {
          const guard = await GuardrailServer.start();
          guards.push(guard);
          const asked: Asked[] = [];
          guard.answer = (question) => {
            asked.push(question);
            return question.rpc === "CheckResponse" && (question.json as { content?: unknown }).content !== undefined
              ? { mutated: { content: [{ type: "text", text: "masked" }] } }
              : { pass: {} };
          };
          const processors = [{ kind: "remote", host: guard.host, methods: { "tools/call": "full" } }];
          const one = await person(kind, await gatewayWith(targets, { mcpGuardrails: { processors } }));
          const result = await one.call(tool("ask-form"));
          assert.equal(result.content[0]?.text, "masked");
          assert.ok(
            asked.every(({ targets: of }) => of.includes(era)),
            JSON.stringify(asked),
          );
          const calls = asked.filter(({ rpc }) => rpc === "CheckRequest");
          assert.equal((calls[0]?.json as { name: string } | undefined)?.name, "ask-form");
        });

        test(`${where}: tools that nobody has approved are not there`, async () => {
          const toolIntegrity = { mode: "block", approve: "explicit" };
          const one = await person(kind, await gatewayWith(targets, {}, { toolIntegrity }));
          assert.deepEqual((await one.client.listTools()).tools, []);
          await assert.rejects(one.call(tool("sum"), { a: 1, b: 2 }), /Unknown tool|approve/i);
        });

        test(`${where}: logs and metrics say what was called, where, and how it went`, async () => {
          const gateway = await gatewayWith(targets, {});
          const one = await person(kind, gateway);
          await one.call(tool("sum"), { a: 1, b: 2 });
          await one.call(tool("ask-form"));
          await one.client.readResource({ uri: uri("era://items/1") });
          await one.call("no_such").catch(() => {}); // a lone server says so in a result
          const log = await gateway.output();
          const lines = log.split("\n").filter((line) => line.includes(" request ") || line.includes("\trequest "));
          const seen = (method: string): string[] => lines.filter((line) => line.includes(`mcp.method.name=${method} `));
          for (const line of [...seen("tools/call").slice(0, -1), ...seen("resources/read")]) {
            assert.match(line, new RegExp(` endpoint=127\\.0\\.0\\.1:.* http\\.status=200 .* mcp\\.target=${era} `));
          }
          assert.match(seen("tools/call")[0] ?? "", /gen_ai\.tool\.name=sum /);
          assert.match(seen("resources/read")[0] ?? "", /mcp\.resource\.uri=era:\/\/items\/1 /);
          if (!alone)
            assert.match(
              seen("tools/call").at(-1) ?? "",
              / http\.status=(?:400|500) .*error="failed to send message: no target|error=.*no_such/,
            );
          const metrics = await gateway.metrics();
          const counted = (tool: string): number =>
            Number(
              new RegExp(
                `^agentgateway_mcp_requests_total\\{method="tools/call",resource_type="tool",server="${era}",resource="${tool}",.* (\\d+)$`,
                "m",
              ).exec(metrics)?.[1],
            );
          assert.equal(counted("sum"), 1);
          // each round of a call is a request of its own
          assert.equal(counted("ask-form"), kind === "SDK 2, new mode" ? 2 : 1);
        });
      }
    }
  }
});
