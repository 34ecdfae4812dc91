import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { readBody } from "../../src/mcp/read-body.ts";
import { HostileServer, type HostileOptions, misdeeds } from "./hostile-server.ts";
import { type Answered, resultOf, Rig } from "./rig.ts";

/** Servers and clients that do everything wrong: the others must not notice, and who meets them is told whose fault it is. */

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing) await close();
});

/** Milliseconds; short, as nobody here is worth waiting for. */
const limits = { openDeadlineMs: 250, shortDeadlineMs: 100, closedDeadlineMs: 400, streamGraceMs: 100, maxMessageBytes: 4_000_000 };
/** Milliseconds that anything about a good server may take: the deadlines of a greeting and a list, and a busy machine. */
const patienceMs = 3_000;

async function server(options: HostileOptions): Promise<HostileServer> {
  const started = await new HostileServer(options).listen();
  closing.push(() => started.close());
  return started;
}

function rig(servers: Readonly<Record<string, HostileServer>>, failureMode: "failOpen" | "failClosed"): Rig {
  const targets = Object.fromEntries(Object.entries(servers).map(([name, one]) => [name, one.target(name)]));
  const made = new Rig(targets, { failureMode, limits });
  closing.push(() => made.close());
  return made;
}

const good: HostileOptions = { misdeed: undefined, polite: true };

/** The result of some work, which must be done in time. */
async function inTime<T>(what: string, work: Promise<T>, limitMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limitMs} ms`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    assert.ok(performance.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const textOf = (answered: Answered): string => resultOf<{ content: { text: string }[] }>(answered).content[0]?.text ?? "";
const namesIn = (answered: Answered): string[] => resultOf<{ tools: { name: string }[] }>(answered).tools.map(({ name }) => name);

/** Uses the good targets; fails the test when they are disturbed. */
async function useTheGood(one: Rig, session: string): Promise<void> {
  const started = performance.now();
  const list = await inTime("the list", one.call("tools/list", {}, { session }));
  const names = namesIn(list);
  assert.ok(names.includes("one_good") && names.includes("two_good"), names.join());
  const call = (name: string): Promise<Answered> => one.call("tools/call", { name, arguments: {} }, { session });
  for (const answered of await inTime("calls", Promise.all([call("one_good"), call("two_good")]))) assert.equal(textOf(answered), "done");
  assert.ok(performance.now() - started < patienceMs);
}

describe("a target that misbehaves, failOpen", { concurrency: 6 }, () => {
  for (const [name, misdeed] of Object.entries(misdeeds)) {
    for (const polite of [false, true]) {
      test(`${name}${polite ? ", after a good greeting" : ""}`, async () => {
        const bad = await server({ misdeed, polite });
        const one = rig({ one: await server(good), bad, two: await server(good) }, "failOpen");
        const session = await inTime("initialize", one.open());
        for (let i = 0; i < 2; i++) await useTheGood(one, session);
        const error = await callTheBad(one, session);
        if (process.env["SHOW"]) console.error(polite, name, "=>", error);
        if (error !== undefined) assert.match(error, /bad/);
        await useTheGood(one, session);
        await inTime("the end", one.request("DELETE", undefined, { session }));
        await until("nobody reads on", () => bad.underWay === 0);
      });
    }
  }
});

/**
 * What its caller is told; undefined where the caller left first, with a patience of its own, or got a reply that is the
 * server's own doing (an HTTP error is passed on as it is).
 */
async function callTheBad(one: Rig, session: string): Promise<string | undefined> {
  const message = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "bad_tool", arguments: {} } };
  const { reply } = await inTime("the bad call", one.send("POST", message, { session, signal: AbortSignal.timeout(600) }));
  const body = await inTime("its body", readBody(reply.body, 10_000_000).catch(() => Buffer.alloc(0)));
  return /"error":\{"code":-?\d+,"message":"([^}]*)"/.exec(body.toString())?.[1];
}
