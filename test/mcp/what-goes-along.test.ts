import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { type HeaderServer, startHeaderServer } from "../backend-auth/rig.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { startToolServer, type ToolServer } from "../mcp-auth/rig.ts";
import { connect } from "./harness.ts";

/** Which credentials of a client reach which server. */

let docs: ToolServer;
let mail: ToolServer;
let rest: HeaderServer;
let gateway: TestGateway | undefined;

before(async () => {
  docs = await startToolServer();
  mail = await startToolServer();
  rest = await startHeaderServer();
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});
after(() => [docs, mail, rest].forEach((one) => one.close()));

const login = { authorization: "Bearer caller" };
const client = { ...login, cookie: "session=1; theme=dark", "proxy-authorization": "Basic eA==", "x-api-key": "k1", "x-team": "a" };
const credentials = ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-token"] as const;

const api = { openapi: "3.0.0", info: { title: "t", version: "1" }, paths: { "/thing": { get: { operationId: "get", responses: {} } } } };
const target = (name: string, { port }: ToolServer, policies: object = {}): object => ({
  name,
  mcp: { host: `http://127.0.0.1:${port}/mcp` },
  policies,
});
const restTarget = (policies: object = {}): object => ({
  name: "rest",
  openapi: { schema: JSON.stringify(api), host: rest.host },
  policies,
});

type Credentials = Partial<Record<(typeof credentials)[number], string>>;

/** Lists tools, and calls one of the REST service's if there is one. @returns the credentials that each server saw in each request */
async function seenBy(mcp: { readonly targets: readonly object[]; readonly policies?: object }, sent: Record<string, string> = client) {
  return seenThrough({ mcp: { port: 0, ...mcp } }, sent);
}

async function seenThrough(config: object, sent: Record<string, string> = client) {
  gateway = await startTestGateway(JSON.stringify(config));
  for (const seen of [docs.headers, mail.headers, rest.seen]) seen.length = 0;
  const connected = await connect(gateway.url(), sent);
  const { tools } = await connected.listTools();
  const get = tools.find(({ name }) => name.endsWith("get"));
  if (get !== undefined) await connected.callTool({ name: get.name, arguments: {} });
  await connected.close();
  return {
    docs: each(docs.headers),
    mail: each(mail.headers),
    rest: each(rest.seen.map(({ headers }) => headers)),
  };
}

/** The same in all requests, as they all belong to one caller. */
function each(requests: ToolServer["headers"]): Credentials | undefined {
  const found = requests.map((headers) => {
    assert.equal(headers["x-team"], "a");
    return Object.fromEntries(credentials.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])));
  });
  for (const one of found) assert.deepEqual(one, found[0]);
  return found[0];
}

const key = { "x-api-key": "k1" }; // a field like any other, where no policy knows it

describe("without any configuration", () => {
  // shows: mcp-goes-along
  it("a login goes to a lone server; cookies and proxy credentials never", async () => {
    assert.deepEqual((await seenBy({ targets: [target("docs", docs)] })).docs, { ...login, ...key });
  });

  it("the same with a REST service", async () => {
    assert.deepEqual((await seenBy({ targets: [restTarget()] })).rest, { ...login, ...key });
  });

  it("several servers get no login, since it cannot be told whose it is", async () => {
    const seen = await seenBy({ targets: [target("docs", docs), target("mail", mail), restTarget()] });
    assert.deepEqual(seen, { docs: key, mail: key, rest: key });
  });

  it("metadata of a lone server's own login is fetched without cookies", async () => {
    gateway = await startTestGateway(JSON.stringify({ mcp: { port: 0, targets: [target("docs", docs)] } }));
    docs.headers.length = 0;
    await fetch(`${gateway.url()}/.well-known/oauth-protected-resource/mcp`, { headers: client });
    assert.deepEqual(each(docs.headers), { ...login, ...key });
  });
});

describe("what a policy of the gateway consumed goes nowhere", () => {
  const keys = [{ key: "k1" }, { key: "caller" }];
  const rows: readonly [what: string, policies: object, sent: Record<string, string>, seen: Credentials][] = [
    ["an API key in Authorization", { apiKey: { mode: "strict", keys } }, client, key],
    ["an API key in a field of its own", { apiKey: { mode: "strict", keys, location: { header: { name: "x-api-key" } } } }, client, login],
    [
      "an API key in a cookie, and the other cookies",
      { apiKey: { mode: "strict", keys: [{ key: "1" }], location: { cookie: { name: "session" } } } },
      client,
      { ...login, ...key },
    ],
    [
      "a password",
      { basicAuth: { mode: "strict", htpasswd: "u:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=" } },
      { ...client, authorization: `Basic ${Buffer.from("u:password").toString("base64")}` },
      key,
    ],
  ];
  for (const [what, policies, sent, seen] of rows) {
    it(`${what}, also with passthrough`, async () => {
      const passthrough = { backendAuth: { passthrough: {} } };
      assert.deepEqual((await seenBy({ targets: [target("docs", docs)], policies }, sent)).docs, seen);
      await gateway?.close();
      assert.deepEqual((await seenBy({ targets: [target("docs", docs, passthrough)], policies }, sent)).docs, seen);
    });
  }
});

describe("what is configured goes along", () => {
  it("passthrough: the caller's Authorization, to the servers that have it", async () => {
    const passthrough = { backendAuth: { passthrough: {} } };
    const targets = [target("docs", docs, passthrough), target("mail", mail), restTarget(passthrough)];
    assert.deepEqual(await seenBy({ targets }), { docs: { ...login, ...key }, mail: key, rest: { ...login, ...key } });
  });

  it("passthrough of the backend: to all its servers", async () => {
    const mcp = { targets: [target("docs", docs), target("mail", mail)] };
    const routes = [{ backends: [{ mcp, policies: { backendAuth: { passthrough: {} } } }] }];
    const seen = await seenThrough({ binds: [{ port: 0, listeners: [{ routes }] }] });
    assert.deepEqual(seen, { docs: { ...login, ...key }, mail: { ...login, ...key }, rest: undefined });
  });

  it("passthrough, in any scheme", async () => {
    const targets = [target("docs", docs, { backendAuth: { passthrough: {} } }), target("mail", mail)];
    const basic = { authorization: "Basic eDp5" };
    assert.deepEqual((await seenBy({ targets }, { ...client, ...basic })).docs, { ...basic, ...key });
  });

  it("passthrough to another place: there, and no longer in Authorization", async () => {
    const elsewhere = { backendAuth: { passthrough: { location: { header: { name: "x-token" } } } } };
    const seen = { ...key, "x-token": "caller" };
    assert.deepEqual((await seenBy({ targets: [target("docs", docs, elsewhere)] })).docs, seen);
    await gateway?.close();
    assert.deepEqual((await seenBy({ targets: [target("docs", docs, elsewhere), target("mail", mail)] })).docs, seen);
  });

  it("transformations of a target read what the client sent", async () => {
    const set = { cookie: "request.headers.cookie", authorization: "request.headers.authorization" };
    const targets = [target("docs", docs, { transformations: { request: { set } } }), target("mail", mail)];
    const { cookie } = client;
    assert.deepEqual(await seenBy({ targets }), { docs: { ...login, ...key, cookie }, mail: key, rest: undefined });
  });

  it("what policies of the route put there is meant for all", async () => {
    const policies = { requestHeaderModifier: { set: { authorization: "Bearer gateway", cookie: "from=gateway" } } };
    const seen = { ...key, authorization: "Bearer gateway", cookie: "from=gateway" };
    const targets = [target("docs", docs), target("mail", mail), restTarget()];
    assert.deepEqual(await seenBy({ targets, policies }), { docs: seen, mail: seen, rest: seen });
  });

  it("a fixed key of a server takes the place of the caller's login", async () => {
    const targets = [target("docs", docs, { backendAuth: { key: "own" } })];
    assert.deepEqual((await seenBy({ targets })).docs, { ...key, authorization: "Bearer own" });
  });
});
