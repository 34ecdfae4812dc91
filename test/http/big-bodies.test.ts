import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { freePort, type GatewayProcess, startGatewayProcess, untilReady } from "../gateway-process.ts";
import { startServer, type TestServer } from "./upstream-server.ts";

const size = 1024 ** 3;
const piece = Buffer.alloc(65_536, "x");
/** What a gigabyte may cost: buffers of sockets and a heap that has grown to its size at work, not the body. Kilobytes. */
const allowedGrowth = 120_000;

let upstream: TestServer;
let gateway: GatewayProcess;
let url: string;

before(async () => {
  upstream = await startServer((request, response) => {
    if (request.method === "POST") {
      let received = 0;
      request.on("data", (chunk: Buffer) => (received += chunk.length));
      request.on("end", () => response.end(String(received)));
      return;
    }
    response.writeHead(200, { "content-length": request.url === "/ready" ? 0 : size });
    let left = request.url === "/ready" ? 0 : size;
    const more = (): void => {
      while (left > 0) {
        left -= piece.length;
        if (!response.write(piece)) {
          response.once("drain", more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const port = await freePort();
  const readiness = await freePort();
  gateway = startGatewayProcess(`
config: {adminAddr: "off", statsAddr: "off", readinessAddr: "localhost:${readiness}"}
binds:
- port: ${port}
  listeners:
  - routes:
    - backends: [{host: "127.0.0.1:${upstream.port}"}]
`);
  url = `http://127.0.0.1:${port}`;
  await untilReady(`http://127.0.0.1:${readiness}/healthz/ready`, gateway);
});
after(async () => {
  await gateway.stop();
  await upstream.close();
});

test("memory stays flat under an upload of 1 GiB", async () => {
  const before = gateway.memory("VmRSS");
  const answer = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers: { "content-length": size } }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () => resolve(text));
    });
    request.on("error", reject);
    let left = size;
    const more = (): void => {
      while (left > 0) {
        left -= piece.length;
        if (!request.write(piece)) {
          request.once("drain", more);
          return;
        }
      }
      request.end();
    };
    more();
  });
  assert.equal(answer, String(size));
  assert.ok(gateway.memory("VmHWM") - before < allowedGrowth, `grew by ${gateway.memory("VmHWM") - before} kB`);
});

test("memory stays flat under a download of 1 GiB whose reader is slow to start", async () => {
  const before = gateway.memory("VmRSS");
  const received = await new Promise<number>((resolve, reject) => {
    httpRequest(url, (response) => {
      let count = 0;
      setTimeout(() => response.on("data", (chunk: Buffer) => (count += chunk.length)), 300);
      response.on("end", () => resolve(count));
      response.on("error", reject);
    }).end();
  });
  assert.equal(received, size);
  assert.ok(gateway.memory("VmHWM") - before < allowedGrowth, `grew by ${gateway.memory("VmHWM") - before} kB`);
});
