import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { eventually } from "../process/serving.ts";
import { testIssuer } from "../tokens.ts";
import { type Backend, type Seen, startBackend } from "./backend.ts";
import { type ClientReply, send } from "./client.ts";
import { fill, readScenario, type Scenario, type Step, type Wanted } from "./scenario.ts";

/** Every file beside this one is a scenario: one gateway, real sockets on both sides. */

const folder = new URL("./", import.meta.url);
const issuer = testIssuer("scenario-key");

for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
  const scenario = readScenario(new URL(file, folder));
  test(`${file}: ${scenario.about}`, () => run(scenario));
}

async function run(scenario: Scenario): Promise<void> {
  const seen: Seen[] = [];
  const backends: Backend[] = [];
  let gateway: TestGateway | undefined;
  try {
    const values = new Map([["JWKS", issuer.jwks]]);
    for (const [name, claims] of Object.entries(scenario.tokens)) {
      values.set(`token ${name}`, issuer.token({ exp: Math.floor(Date.now() / 1000) + 300, ...claims }));
    }
    for (const [name, replies] of Object.entries(scenario.backends)) {
      const backend = await startBackend(name, replies, (request) => void seen.push(request));
      backends.push(backend);
      values.set(name, `127.0.0.1:${backend.port}`);
    }
    const log = { config: { logging: { format: "json" } } };
    gateway = await startTestGateway(JSON.stringify({ ...log, ...fill(scenario.config, values) }));
    const lines = new LogLines(gateway);
    for (const step of scenario.steps) await take(fill(step, values), { gateway, seen, lines });
  } finally {
    await gateway?.close();
    for (const backend of backends) await backend.close();
  }
}

interface Stage {
  readonly gateway: TestGateway;
  readonly seen: Seen[];
  readonly lines: LogLines;
}

async function take(step: Step, { gateway, seen, lines }: Stage): Promise<void> {
  const { about, upstream, spread, log } = step;
  seen.length = 0;
  for (let time = 0; time < step.times; time++) checkReply(about, step.reply, await send(gateway.url(), step.request));
  if (upstream !== undefined) {
    // copies are sent beside the request: they may come after its reply
    await eventually(`${about}: requests at the backends`, () => seen.length >= upstream.length, 2_000);
    checkUpstream(about, upstream, seen);
  }
  for (const [name, [from, to]] of Object.entries(spread ?? {})) {
    const count = seen.filter((request) => request.to === name).length;
    assert.ok(count >= from && count <= to, `${about}: ${count} requests to ${name}, not from ${from} to ${to}`);
  }
  await lines.check(about, log, step.times);
}

function checkReply(about: string, wanted: Step["reply"], { status, headers, body }: ClientReply): void {
  assert.equal(status, wanted.status, `${about}: status; the body is ${body}`);
  for (const [name, value] of Object.entries(wanted.headers)) check(`${about}: reply header ${name}`, value, headers[name]);
  if (wanted.body !== undefined) check(`${about}: body`, wanted.body, body);
}

function checkUpstream(about: string, wanted: NonNullable<Step["upstream"]>, seen: readonly Seen[]): void {
  assert.deepEqual(
    seen.map(({ to }) => to),
    wanted.map(({ to }) => to),
    `${about}: which backends were asked`,
  );
  for (const [index, request] of wanted.entries()) {
    const got = seen[index] as Seen;
    const where = `${about}: request ${index + 1} to ${got.to}`;
    for (const part of ["method", "path", "body"] as const)
      if (request[part] !== undefined) check(`${where}: ${part}`, request[part], got[part]);
    for (const [name, value] of Object.entries(request.headers)) check(`${where}: header ${name}`, value, got.headers[name]);
  }
}

function check(what: string, wanted: Wanted, got: unknown): void {
  if (wanted === null) assert.equal(got, undefined, what);
  else if (typeof wanted === "string" && wanted.startsWith("~ ")) assert.match(String(got), new RegExp(wanted.slice(2)), what);
  else assert.equal(Array.isArray(got) ? got.join(" | ") : got, wanted, what);
}

/** The access log, line by line; lines are written some time after the request. */
class LogLines {
  private readonly gateway: TestGateway;
  private expected = 0;

  constructor(gateway: TestGateway) {
    this.gateway = gateway;
  }

  /** @param wanted null: the requests are not logged */
  async check(about: string, wanted: Step["log"], requests: number): Promise<void> {
    if (wanted !== null) this.expected += requests;
    const names = Object.entries(wanted ?? {});
    if (wanted !== null && names.length === 0) return;
    let lines: Record<string, unknown>[] = [];
    await eventually(`${about}: ${this.expected} lines in the log`, async () => {
      const output = (await this.gateway.output()).split("\n").filter((line) => line.includes('"scope":"request"'));
      lines = output.map((line) => JSON.parse(line) as Record<string, unknown>);
      return lines.length >= this.expected;
    });
    assert.equal(lines.length, this.expected, `${about}: lines in the log`);
    for (const [name, value] of names) check(`${about}: log field ${name}`, value, lines.at(-1)?.[name]);
  }
}
