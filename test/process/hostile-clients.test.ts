import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually, type Serving, startServing } from "./serving.ts";

/**
 * Clients that leave, do not read or hardly write. What counts is what is left of them: no socket on either side, and no
 * more memory than buffers of sockets take.
 */

const piece = Buffer.alloc(65_536, "x");
/** Buffers of a hundred sockets, and a heap that grows at work. Kilobytes. */
const allowedGrowth = 120_000;
/** Bytes that the backend has written to streams that nobody ends. */
let written = 0;
/** Requests at the backend that are not over. */
let open = 0;
let backend: Server;
let serving: Serving;

before(async () => {
  backend = createServer((request, response) => {
    open += 1;
    response.once("close", () => (open -= 1));
    request.on("error", () => {});
    if (request.url === "/silent") return;
    if (request.url !== "/endless") {
      request.resume().once("end", () => response.end("ok"));
      return;
    }
    const more = (): void => {
      do written += piece.length;
      while (response.write(piece));
      response.once("drain", more);
    };
    more();
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const { port: backendPort } = backend.address() as AddressInfo;
  serving = await startServing(
    (port) => `
config: {backend: {poolIdleTimeout: 300ms}, logging: {level: warn}}
binds:
- port: ${port}
  listeners:
  - routes:
    - name: buffered
      matches: [{path: {exact: /buffered}}]
      policies: {buffer: {request: {maxBytes: 2000000}}}
      backends: [{host: "127.0.0.1:${backendPort}"}]
    - name: any
      backends: [{host: "127.0.0.1:${backendPort}"}]
`,
  );
  for (let i = 0; i < 200; i++) await answered(); // the process grows to its size at work
});
after(async () => {
  await serving.gateway.stop();
  backend.closeAllConnections();
  backend.close();
});

async function answered(): Promise<void> {
  assert.equal(await (await fetch(`${serving.url}/`, { method: "POST", body: "x", headers: { connection: "close" } })).text(), "ok");
}

/** Sockets that the gateway has open, those that it listens on among them. */
function sockets(): number {
  const folder = `/proc/${serving.gateway.child.pid}/fd`;
  const isSocket = (name: string): boolean => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith("socket:");
    } catch {
      return false; // closed in the meantime
    }
  };
  return readdirSync(folder).filter(isSocket).length;
}

function client(bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(serving.port, "127.0.0.1", () => {
      socket.write(bytes);
      resolve(socket);
    });
    socket.once("error", reject);
    socket.on("error", () => {}); // some are cut off
  });
}

/** The memory that `work` costs at most while it goes on: kilobytes. */
async function growth(work: () => Promise<void>): Promise<number> {
  const before = serving.gateway.memory("VmRSS");
  await work();
  return serving.gateway.memory("VmHWM") - before;
}

async function assertNothingIsLeft(idle: number): Promise<void> {
  await eventually("no request left at the backend", () => open === 0);
  await eventually("no socket left", () => sockets() <= idle).catch(() => assert.equal(sockets(), idle, "sockets"));
  await answered();
}

describe("clients that", { skip: process.platform === "linux" ? false : "counts sockets in /proc" }, () => {
  let idle: number;
  before(async () => {
    await pause(600); // idle connections to the backend go
    idle = sockets();
  });

  // shows: clients-leave
  it("leave in the middle, 500 of them, leave nothing behind", async () => {
    const beginnings = [
      "GET /silent HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET /silent HTTP/1.1\r\nhost: a\r\nx-half: ",
      "POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nsome",
      "POST /buffered HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n",
    ];
    const cost = await growth(async () => {
      for (let round = 0; round < 10; round++) {
        const all = await Promise.all(Array.from({ length: 50 }, (_, index) => client(beginnings[index % beginnings.length] as string)));
        await pause(30);
        for (const [index, socket] of all.entries()) {
          if (index % 2 === 0) socket.destroy();
          else socket.resetAndDestroy();
        }
      }
    });
    assert.ok(cost < allowedGrowth, `grew by ${cost} kB`);
    await assertNothingIsLeft(idle);
  });

  // shows: clients-slow
  it("do not read hold back the backend, not the gateway's memory", async () => {
    const readers: Socket[] = [];
    written = 0;
    const cost = await growth(async () => {
      for (let i = 0; i < 40; i++) readers.push((await client("GET /endless HTTP/1.1\r\nhost: a\r\n\r\n")).pause());
      let before = -1;
      await eventually("the backend held back", async () => {
        const stands = written === before;
        before = written;
        await pause(100);
        return stands;
      });
    });
    assert.ok(written < 40 * 16_000_000, `${written} bytes were taken for 40 clients that read none`);
    assert.ok(cost < allowedGrowth, `grew by ${cost} kB`);
    for (const reader of readers) reader.destroy();
    await assertNothingIsLeft(idle);
  });

  // shows: clients-slow
  it("send a byte now and then keep nobody waiting, and leave nothing behind", async () => {
    const head = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n`;
    const writers = await Promise.all(Array.from({ length: 100 }, (_, index) => client(head(index % 2 === 0 ? "/upload" : "/buffered"))));
    const cost = await growth(async () => {
      for (let second = 0; second < 3; second++) {
        for (const writer of writers) writer.write("x");
        const asked = performance.now();
        await answered();
        assert.ok(performance.now() - asked < 1_000, "others are served as ever");
        await pause(300);
      }
    });
    assert.ok(cost < allowedGrowth, `grew by ${cost} kB`);
    assert.equal(open, 50, "those that stream have reached the backend, those that are buffered have not");
    for (const writer of writers) writer.destroy();
    await assertNothingIsLeft(idle);
  });
});
