import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { echo, startServer } from "./upstream-server.ts";

const toClose: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of toClose.reverse()) await one.close();
});

async function gatewayTo(port: number, policies = "{}"): Promise<TestGateway> {
  const gateway = await startTestGateway(`
binds:
- port: 0
  listeners:
  - routes:
    - policies: ${policies}
      backends: [{host: "127.0.0.1:${port}"}]
`);
  toClose.push(gateway);
  return gateway;
}

test("method, path, query, fields and body reach the backend; hop-by-hop fields do not", async () => {
  const upstream = await startServer((request, response) => void echo(request, response));
  toClose.push(upstream);
  const gateway = await gatewayTo(upstream.port);
  const reply = await fetch(`${gateway.url()}/a%2fb?x=1&x=%7e`, {
    method: "PUT",
    body: "hello",
    headers: { "x-custom": "1", te: "trailers" },
  });
  const seen = (await reply.json()) as { method: string; url: string; headers: Record<string, string>; body: string };
  assert.equal(seen.method, "PUT");
  assert.equal(seen.url, "/a%2Fb?x=1&x=%7e");
  assert.equal(seen.body, "hello");
  assert.equal(seen.headers["x-custom"], "1");
  assert.equal(seen.headers["te"], undefined);
  assert.equal(seen.headers["host"], `127.0.0.1:${upstream.port}`);
});

test("HEAD, 204 and 304 have no body, and their fields stay", async () => {
  const upstream = await startServer((request, response) => {
    response.writeHead(request.url === "/304" ? 304 : request.url === "/204" ? 204 : 200, { "x-seen": request.method ?? "", etag: '"1"' });
    response.end(request.url === "/" ? "body" : undefined);
  });
  toClose.push(upstream);
  const gateway = await gatewayTo(upstream.port);
  const head = await fetch(`${gateway.url()}/`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("x-seen"), "HEAD");
  assert.equal((await fetch(`${gateway.url()}/204`)).status, 204);
  const notModified = await fetch(`${gateway.url()}/304`);
  assert.equal(notModified.status, 304);
  assert.equal(notModified.headers.get("etag"), '"1"');
});

test("several Set-Cookie fields stay several", async () => {
  const upstream = await startServer((_request, response) => {
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.end();
  });
  toClose.push(upstream);
  const reply = await fetch((await gatewayTo(upstream.port)).url());
  assert.deepEqual(reply.headers.getSetCookie(), ["a=1", "b=2"]);
});

test("an event stream's head and events arrive while it is open, and leaving it stops the backend", async () => {
  let closed: Promise<unknown> | undefined;
  const upstream = await startServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    const timer = setInterval(() => response.write("data: tick\n\n"), 30);
    closed = once(response, "close").then(() => clearInterval(timer));
  });
  toClose.push(upstream);
  const gateway = await gatewayTo(upstream.port);
  const reply = await fetch(gateway.url());
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
  const first = await reader.read();
  assert.equal(Buffer.from(first.value as Uint8Array).toString(), "data: tick\n\n");
  await reader.cancel();
  await closed;
  assert.match(await gateway.output(), /http\.status=200/);
});

test("a client that leaves before the reply cancels the backend's request", async () => {
  let cancelled: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => (cancelled = resolve));
  const upstream = await startServer((request) => void request.once("close", () => cancelled?.()));
  toClose.push(upstream);
  const gateway = await gatewayTo(upstream.port);
  const request = httpRequest(gateway.url());
  request.on("error", () => {});
  request.end();
  await once(upstream.server, "request");
  request.destroy();
  await gone;
});

test("a backend that breaks off mid-body breaks the client's connection off, and the next request is served", async () => {
  let calls = 0;
  const upstream = await startServer((_request, response) => {
    calls += 1;
    if (calls > 1) {
      response.end("fine");
      return;
    }
    response.writeHead(200, { "content-length": "100" });
    response.write("only some");
    setTimeout(() => response.destroy(), 20);
  });
  toClose.push(upstream);
  const gateway = await gatewayTo(upstream.port);
  await assert.rejects(fetch(gateway.url()).then((reply) => reply.text()));
  assert.equal(await (await fetch(gateway.url())).text(), "fine");
});

test("an unreachable backend is a 503 that says so without its address, and recovers", async () => {
  const placeholder = await startServer((_request, response) => response.end("back"));
  const { port } = placeholder;
  await placeholder.close();
  const gateway = await gatewayTo(port);
  const reply = await fetch(gateway.url());
  assert.equal(reply.status, 503);
  const text = await reply.text();
  assert.equal(text, "upstream call failed: connection refused");
  const server = createServer((socket: Socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nback"));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  assert.equal(await (await fetch(gateway.url())).text(), "back");
  server.close();
});

test("a backend that answers no HTTP is a 503", async () => {
  const server = createServer((socket: Socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const gateway = await gatewayTo((server.address() as AddressInfo).port);
  const reply = await fetch(gateway.url());
  assert.equal(reply.status, 503);
  assert.match(await reply.text(), /does not speak HTTP/);
  server.close();
});

test("a WebSocket is joined both ways; a refused upgrade is a 502", async () => {
  const upstream = await startServer((_request, response) => response.end("no upgrade here"));
  toClose.push(upstream);
  upstream.server.on("upgrade", (request, socket: Socket) => {
    if (request.url === "/no") {
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nx-from: backend\r\n\r\n");
    socket.on("data", (chunk) => socket.write(`echo ${String(chunk)}`));
    socket.on("end", () => socket.end());
  });
  const gateway = await gatewayTo(upstream.port);
  const port = Number(new URL(gateway.url()).port);
  const ask = (path: string): Socket => {
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1");
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    return socket;
  };
  const socket = ask("/ws");
  const [head] = (await once(socket, "data")) as [string];
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(head, /x-from: backend/);
  socket.write("hi");
  const [answer] = (await once(socket, "data")) as [string];
  assert.equal(answer, "echo hi");
  socket.destroy();

  const refused = ask("/no");
  const [text] = (await once(refused, "data")) as [string];
  assert.match(text, /^HTTP\/1\.1 502 /);
  refused.destroy();
});

test("upgrades other than WebSocket are served as ordinary requests", async () => {
  const upstream = await startServer((request, response) => void echo(request, response));
  toClose.push(upstream);
  const gateway = await gatewayTo(upstream.port);
  const socket = connect(Number(new URL(gateway.url()).port), "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(
    "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
  );
  const [text] = (await once(socket, "data")) as [string];
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(text, /"upgrade"|http2-settings/);
  socket.destroy();
});
