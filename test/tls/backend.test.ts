import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TlsOptions, TLSSocket } from "node:tls";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { testAuthority } from "./certificates.ts";

/** TLS towards backends, and what callers are told when it does not come about. */

const folder = mkdtempSync(join(tmpdir(), "turnpike-backend-tls-"));
const authority = testAuthority("Backend Authority");
const clients = testAuthority("Client Authority");
const past = { from: new Date(Date.now() - 2e9), to: new Date(Date.now() - 1e9) };

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const servers: Server[] = [];

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A backend that tells which name was asked for and who came. */
function secure(options: TlsOptions): Promise<number> {
  return listen(
    createServer(options, (request, response) => {
      const socket = request.socket as TLSSocket & { servername?: string | false };
      response.end(`${String(socket.servername)} ${String(socket.getPeerCertificate()?.subject?.CN)}`);
    }),
  );
}

let gateway: TestGateway;

before(async () => {
  const root = file("root.crt", authority.cert);
  const wrongRoot = file("wrong.crt", testAuthority("Somebody Else").cert);
  const agent = clients.issue(["agent"]);
  const own = `cert: ${file("agent.crt", agent.cert)}, key: ${file("agent.key", agent.key)}`;
  const port = await secure(authority.issue(["backend.test", "127.0.0.1"]));
  const named = await secure(authority.issue(["backend.test"]));
  const expired = await secure(authority.issue(["127.0.0.1"], past));
  const mutual = await secure({ ...authority.issue(["127.0.0.1"]), ca: clients.cert, requestCert: true, rejectUnauthorized: true });
  const plain = await listen(createHttpServer((_request, response) => response.end("plain")));
  const routes: readonly [name: string, port: number, policies: string][] = [
    ["root", port, `backendTLS: {root: ${root}}`],
    ["system", port, "backendTLS: {}"],
    ["wrong-root", port, `backendTLS: {root: ${wrongRoot}}`],
    ["insecure", port, "backendTLS: {insecure: true}"],
    ["other-name", named, `backendTLS: {root: ${root}}`],
    ["hostname", named, `backendTLS: {root: ${root}, hostname: backend.test}`],
    ["wrong-hostname", named, `backendTLS: {root: ${root}, hostname: other.test}`],
    ["insecure-host", named, `backendTLS: {root: ${root}, insecureHost: true}`],
    ["one-of-names", named, `backendTLS: {root: ${root}, subjectAltNames: [other.test, backend.test]}`],
    ["none-of-names", named, `backendTLS: {root: ${root}, subjectAltNames: [other.test]}`],
    ["expired", expired, `backendTLS: {root: ${root}}`],
    ["mutual", mutual, `backendTLS: {root: ${root}, ${own}}`],
    ["mutual-without", mutual, `backendTLS: {root: ${root}}`],
    ["to-plain", plain, "backendTLS: {insecure: true}"],
    ["without", port, ""],
  ];
  const texts = routes.map(
    ([name, to, policies]) => `
    - name: ${name}
      matches: [{path: {exact: /${name}}}]
      policies: {${policies}}
      backends: [{host: "127.0.0.1:${to}"}]`,
  );
  gateway = await startTestGateway(`binds:\n- port: 0\n  listeners:\n  - routes:${texts.join("")}\n`);
});
after(async () => {
  await gateway.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

async function ask(route: string): Promise<string> {
  const reply = await fetch(`${gateway.url()}/${route}`);
  return `${reply.status} ${await reply.text()}`;
}

// shows: tls-backend
describe("backendTLS", () => {
  const passing: Readonly<Record<string, string>> = {
    root: "200 false undefined",
    insecure: "200 false undefined",
    hostname: "200 backend.test undefined",
    "insecure-host": "200 false undefined",
    "one-of-names": "200 false undefined",
    mutual: "200 false agent",
  };
  for (const [route, answer] of Object.entries(passing)) it(`connects: ${route}`, async () => assert.equal(await ask(route), answer));

  const failing: Readonly<Record<string, string>> = {
    system: "TLS certificate could not be verified",
    "wrong-root": "TLS certificate could not be verified",
    "other-name": "TLS certificate is for another name",
    "wrong-hostname": "TLS certificate is for another name",
    "none-of-names": "TLS certificate is for another name",
    expired: "TLS certificate has expired",
    "mutual-without": "connection closed by the backend", // node's server does so without a word
    "to-plain": "the backend does not speak TLS on this port",
    without: "connection closed by the backend",
  };
  for (const [route, reason] of Object.entries(failing)) {
    it(`says why it does not connect: ${route}`, async () => assert.equal(await ask(route), `503 upstream call failed: ${reason}`));
  }

  it("tells the operator which backend it was, and the caller not", async () => {
    await ask("wrong-root");
    const line = (await gateway.output()).split("\n").find((text) => text.includes("route=default/wrong-root"));
    assert.match(
      line ?? "",
      /endpoint=127\.0\.0\.1:\d+ .*http\.status=503.* error="upstream call failed: TLS certificate could not be verified" reason=UpstreamFailure/,
    );
  });
});
