import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { eventually, type Serving, startServing } from "../process/serving.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { type TestCertificate, testAuthority } from "./certificates.ts";

/** HTTPS listeners: certificates by name, client certificates, versions, and certificates that change. */

const folder = mkdtempSync(join(tmpdir(), "turnpike-tls-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const authority = testAuthority("Test Authority");
const clients = testAuthority("Client Authority");
const strangers = testAuthority("Somebody Else");

function write(name: string, { cert, key }: TestCertificate): string {
  writeFileSync(join(folder, `${name}.crt`), cert);
  writeFileSync(join(folder, `${name}.key`), key);
  return `cert: ${join(folder, name)}.crt, key: ${join(folder, name)}.key`;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Common name of the certificate that was shown. */
  readonly certificate: string;
  readonly version: string | null;
}

/** Asks for a host name; the connection goes to this machine whatever it is. */
function ask(port: number, name: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = { host: "127.0.0.1", port, servername: name, headers: { host: `${name}:${port}` }, ca: authority.cert, agent: false };
    const request = httpsRequest({ ...target, ...options }, (response) => {
      const socket = response.socket as TLSSocket;
      const certificate = String(socket.getPeerCertificate().subject.CN);
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, certificate, version: socket.getProtocol() }));
    });
    request.on("error", reject).end();
  });
}

const answering = (text: string): string => `routes: [{policies: {directResponse: {status: 200, body: ${text}}}}]`;

describe("an HTTPS port", () => {
  let gateway: TestGateway;
  let port: number;

  before(async () => {
    writeFileSync(join(folder, "clients.crt"), clients.cert);
    gateway = await startTestGateway(`
binds:
- port: 0
  listeners:
  - {name: a, hostname: a.test, protocol: HTTPS, tls: {${write("a", authority.issue(["a.test"]))}},
     routes: [{policies: {directResponse: {status: 200, bodyExpression: '"from a, for " + default(source.subject, "anybody")'}}}]}
  - {name: b, hostname: "*.b.test", protocol: HTTPS, tls: {${write("b", authority.issue(["*.b.test"]))}, minTLSVersion: TLS_V1_3}, ${answering("from b")}}
  - {name: m, hostname: mutual.test, protocol: HTTPS, tls: {${write("m", authority.issue(["mutual.test"]))}, root: ${join(folder, "clients.crt")}},
     routes: [{policies: {directResponse: {status: 200, bodyExpression: source.subject}}}]}
`);
    port = Number(new URL(gateway.url()).port);
  });
  after(() => gateway.close());

  // shows: tls-sni
  it("chooses listener and certificate by the name that is asked for", async () => {
    const a = await ask(port, "a.test");
    assert.deepEqual([a.status, a.text, a.certificate], [200, "from a, for anybody", "a.test"]);
    const b = await ask(port, "x.b.test");
    assert.deepEqual([b.status, b.text, b.certificate], [200, "from b", "*.b.test"]);
  });

  it("refuses a name that it does not serve, in the handshake", async () => {
    await assert.rejects(ask(port, "c.test"), { code: /ECONNRESET|ERR_SSL/ });
  });

  // shows: tls-misdirected
  it("answers 421 when Host is another listener's than the handshake's", async () => {
    const crossed = await ask(port, "a.test", { headers: { host: "x.b.test" } });
    assert.deepEqual([crossed.status, crossed.text], [421, "misdirected request"]);
    const around = await ask(port, "a.test", { headers: { host: "mutual.test" } });
    assert.equal(around.status, 421, "or a client certificate could be gone around");
    const unknown = await ask(port, "a.test", { headers: { host: "c.test" } });
    assert.deepEqual([unknown.status, unknown.text], [404, "listener not found"]);
  });

  // shows: tls-versions
  it("keeps to the lowest TLS version of the listener", async () => {
    assert.equal((await ask(port, "a.test", { maxVersion: "TLSv1.2" })).version, "TLSv1.2");
    assert.equal((await ask(port, "x.b.test")).version, "TLSv1.3");
    await assert.rejects(ask(port, "x.b.test", { maxVersion: "TLSv1.2" }), { code: /ECONNRESET|ERR_SSL/ });
  });

  // shows: tls-client-certificate
  it("asks only clients of that listener for a certificate, and takes only one that its authority signed", async () => {
    const known = clients.issue(["agent-7"]);
    const answer = await ask(port, "mutual.test", known);
    assert.deepEqual([answer.status, answer.text], [200, "agent-7"]);
    await assert.rejects(ask(port, "mutual.test"), { code: /ECONNRESET|ERR_SSL/ });
    await assert.rejects(ask(port, "mutual.test", strangers.issue(["agent-7"])), { code: /ECONNRESET|ERR_SSL/ });
    const past = { from: new Date(Date.now() - 2e9), to: new Date(Date.now() - 1e9) };
    await assert.rejects(ask(port, "mutual.test", clients.issue(["agent-7"], past)), { code: /ECONNRESET|ERR_SSL/ });
    assert.equal((await ask(port, "a.test", strangers.issue(["agent-7"]))).text, "from a, for anybody", "it was not verified");
  });

  // shows: tls-client-certificate
  it("does not take a session of one listener for a client certificate of another", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const session = await sessionOf(port, "a.test", { minVersion: version, maxVersion: version });
      const resuming = { session, minVersion: version, maxVersion: version } as RequestOptions;
      await assert.rejects(ask(port, "mutual.test", resuming), { code: /ECONNRESET|ERR_SSL/ }, version);
      const around = await ask(port, "a.test", { ...resuming, headers: { host: "mutual.test" } });
      assert.equal(around.status, 421, version);
    }
  });

  it("does not let clients that name no server come to a listener that asks for certificates", async () => {
    const nameless = { servername: "", checkServerIdentity: () => undefined };
    assert.equal((await ask(port, "a.test", nameless)).text, "from a, for anybody");
    assert.equal((await ask(port, "mutual.test", nameless)).status, 421);
  });
});

/** The session of a first connection, to be resumed by a second. */
function sessionOf(port: number, name: string, options: ConnectionOptions = {}): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: "127.0.0.1", port, servername: name, ca: authority.cert, ...options });
    let session: Buffer | undefined;
    socket.on("session", (data: Buffer) => (session = data));
    socket.on("error", reject);
    socket.on("close", () => resolve(session));
    socket.on("data", () => socket.end()); // tickets come with the first bytes of TLS 1.3
    socket.write(`GET / HTTP/1.1\r\nhost: ${name}\r\n\r\n`);
  });
}

describe("certificates on disk", () => {
  let serving: Serving;
  before(async () => {
    const tls = write("changing", authority.issue(["one.test", "same.test"]));
    serving = await startServing((port) => `binds: [{port: ${port}, listeners: [{protocol: HTTPS, tls: {${tls}}, ${answering("hi")}}]}]`);
  });
  after(() => serving.gateway.stop());

  // shows: reload-certificates
  it("that change are served to new connections, while no request is lost", async () => {
    assert.equal((await ask(serving.port, "same.test")).certificate, "one.test");
    const stopped = new AbortController();
    const failures: unknown[] = [];
    const load = (async () => {
      while (!stopped.signal.aborted) await ask(serving.port, "same.test").catch((error: unknown) => failures.push(error));
    })();
    write("changing", authority.issue(["two.test", "same.test"]));
    await eventually("the new certificate", async () => (await ask(serving.port, "same.test")).certificate === "two.test");
    stopped.abort();
    await load;
    assert.deepEqual(failures, []);
  });

  it("that do not fit one another cost nothing but a line in the log", async () => {
    writeFileSync(join(folder, "changing.key"), authority.issue(["three.test"]).key);
    const complaint =
      /Failed to reload config.*listeners\[0\]\.tls: the key in \S+changing\.key is not that of the certificate in \S+changing\.crt/;
    await eventually("a complaint", () => complaint.test(serving.gateway.output()));
    assert.equal((await ask(serving.port, "same.test")).certificate, "two.test");
  });
});
