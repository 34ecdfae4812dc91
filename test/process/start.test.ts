import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { freePort } from "../gateway-process.ts";
import { turnpike } from "./command-line.ts";

/** A port that somebody else has. */
const blocker = createServer();
let taken: number;

before(async () => {
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  taken = (blocker.address() as AddressInfo).port;
});
after(() => blocker.close());

const binds = (...ports: readonly number[]): string => JSON.stringify({ binds: ports.map((port) => ({ port, listeners: [] })) });
const off = { ADMIN_ADDR: "off", STATS_ADDR: "off", READINESS_ADDR: "off" };

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

// shows: start-port-taken
describe("a port that is in use", () => {
  it("of a bind: is named, and the other ports are closed again", async () => {
    const free = await freePort();
    const { code, stderr } = await turnpike(["-c", binds(free, taken)], { environment: off });
    assert.equal(code, 1);
    assert.equal(stderr, `turnpike: cannot listen on port ${taken} (bind/${taken}): the port is already in use by another process\n`);
    assert.equal(await isOpen(free), false);
  });

  it("of the gateway's own addresses: is named with the setting to change", async () => {
    const free = await freePort();
    const { code, stderr } = await turnpike(["-c", binds(free)], { environment: { ...off, STATS_ADDR: `127.0.0.1:${taken}` } });
    assert.equal(code, 1);
    assert.match(stderr, /^turnpike: cannot open config\.statsAddr 127\.0\.0\.1:\d+: .*EADDRINUSE.*; set config\.statsAddr or STATS_ADDR/);
    assert.equal(await isOpen(free), false);
  });
});
