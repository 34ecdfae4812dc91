import assert from "node:assert/strict";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startServer, type TestServer } from "../http/upstream-server.ts";
import { eventually, type Serving, startServing } from "./serving.ts";

/** The end of a gateway process, as load balancers, clients and operators see it. */

let upstream: TestServer;
/** Answers the requests that wait at /slow. */
let answers: (() => void)[] = [];

before(async () => {
  upstream = await startServer((request, response) => {
    if (request.url === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const timer = setInterval(() => response.write("data: tick\n\n"), 20);
      response.once("close", () => clearInterval(timer));
    } else if (request.url === "/slow") answers.push(() => response.end("late"));
    else if (request.url === "/parts") {
      response.write("first ");
      answers.push(() => response.end("last"));
    } else response.end("ok");
  });
});
after(() => upstream.close());

const started: Serving[] = [];
after(async () => {
  for (const { gateway } of started) await gateway.stop();
});

async function start(deadlines: string): Promise<Serving> {
  answers = [];
  const serving = await startServing(
    (port) => `
config: ${deadlines}
binds:
- port: ${port}
  listeners:
  - routes:
    - backends: [{host: "127.0.0.1:${upstream.port}"}]
`,
  );
  started.push(serving);
  return serving;
}

/** Whether a new connection is taken. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** A request on a connection that would be kept. */
function get(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => httpRequest(url, resolve).on("error", reject).end());
}

async function textOf(reply: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of reply) text += String(chunk);
  return text;
}

const waitingAtBackend = (count: number): Promise<void> => eventually("requests at the backend", () => answers.length === count);

describe("SIGTERM", () => {
  // shows: stop-readiness, stop-drain
  it("turns readiness first, then refuses connections; what is in flight ends, streams until the deadline", async () => {
    const { gateway, url, port, readiness } = await start(
      "{connectionMinTerminationDeadline: 400ms, connectionTerminationDeadline: 1500ms}",
    );
    const slow = get(`${url}/slow`);
    const events = await get(`${url}/events`);
    let ticks = 0;
    events.on("data", () => (ticks += 1));
    const cut = new Promise<void>((resolve) => events.once("close", resolve));
    events.on("error", () => {}); // the stream has no end of its own
    await waitingAtBackend(1);

    gateway.child.kill("SIGTERM");
    await eventually("readiness at 500", async () => (await readiness()) === 500);
    assert.equal(await accepts(port), true, "until load balancers know, new connections are served");
    assert.equal(await textOf(await get(`${url}/`)), "ok");
    await eventually("new connections refused", async () => !(await accepts(port)));
    assert.equal(await readiness(), 500, "still told while draining");
    const drainingSince = performance.now();
    const ticksBefore = ticks;

    answers[0]?.();
    const reply = await slow;
    assert.deepEqual([reply.statusCode, reply.headers.connection, await textOf(reply)], [200, "close", "late"]);
    await eventually("events while draining", () => ticks > ticksBefore);
    await cut;
    assert.equal(await gateway.exited, 0);
    const took = performance.now() - drainingSince;
    assert.ok(took > 1_000 && took < 4_000, `the stream had until its deadline and no longer: ${took} ms`);
  });

  it("ends as soon as nothing is in flight, also behind replies that began before", async () => {
    const { gateway, url, port } = await start("{connectionTerminationDeadline: 60s}");
    const kept = await get(`${url}/`);
    assert.equal(await textOf(kept), "ok");
    const begun = await get(`${url}/parts`);
    await waitingAtBackend(1);
    gateway.child.kill("SIGTERM");
    await eventually("new connections refused", async () => !(await accepts(port)));
    answers[0]?.();
    assert.equal(await textOf(begun), "first last");
    const exited = await Promise.race([gateway.exited, pause(5_000, "still running", { ref: false })]);
    assert.equal(exited, 0);
  });

  // shows: stop-hurry
  it("a second time ends what is in flight", async () => {
    const { gateway, url, port } = await start("{connectionMinTerminationDeadline: 30s, connectionTerminationDeadline: 60s}");
    const slow = get(`${url}/slow`).then(
      () => "answered",
      (error: NodeJS.ErrnoException) => error.code,
    );
    await waitingAtBackend(1);
    gateway.child.kill("SIGTERM");
    gateway.child.kill("SIGINT"); // at once: the same Ctrl-C by another way
    await pause(700);
    assert.equal(await accepts(port), true);
    gateway.child.kill("SIGINT");
    assert.equal(await slow, "ECONNRESET");
    const exited = await Promise.race([gateway.exited, pause(5_000, "still running", { ref: false })]);
    assert.equal(exited, 0);
  });
});
