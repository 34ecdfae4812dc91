import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compilePolicy, fields, run, testContext, testExchange } from "../../../test/policy-harness.ts";
import { loginOwnerOf } from "../../contract/principal.ts";
import { parseCredentials } from "./credentials.ts";
import { parseHtpasswd } from "./htpasswd.ts";
import { basicAuth } from "./index.ts";
import { OneByOne } from "./one-by-one.ts";

// made with htpasswd, openssl passwd and crypt(3)
const database = `
# one user for each kind of hash; every password is "secret"
bcrypt:$2y$04$H/yrvPXZTe0szVX4huLMvuVJ2zYBIzAtrSXxr7Wp1Y9.eSkM15CDm
apr1:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/
md5:$1$abcd$Oy8OD9LGKv7H9yIMreLNV1
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
sha256:$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.
sha512:$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.
des:abNANd1rDfiNc
`;
const basic = (user: string, password: string) =>
  testExchange({ headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` } });

describe("basicAuth", () => {
  for (const user of ["bcrypt", "apr1", "md5", "sha", "sha256", "sha512", "des"]) {
    it(`checks a ${user} hash`, async () => {
      const policy = compilePolicy(basicAuth, { htpasswd: database, mode: "strict" });
      const good = await run(policy, basic(user, "secret"));
      assert.deepEqual([good.reply.status, good.exchange.identity.basicAuth], [200, { username: user }]);
      assert.deepEqual(fields(good.exchange.request), {});
      const bad = await run(policy, basic(user, "Secret"));
      assert.deepEqual([bad.reply.status, bad.calls], [401, 0]);
    });
  }

  it("takes users of one name in two databases for two callers, whatever else is in them", async () => {
    const caller = async (htpasswd: string): Promise<string | undefined> => {
      const { exchange } = await run(compilePolicy(basicAuth, { htpasswd, mode: "strict" }), basic("admin", "secret"));
      return loginOwnerOf(exchange.identity)?.id;
    };
    const ours = await caller("admin:abNANd1rDfiNc");
    assert.ok(ours !== undefined && !ours.includes("abNANd1rDfiNc"));
    assert.equal(await caller("admin:abNANd1rDfiNc\nbob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), ours);
    assert.notEqual(await caller("admin:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), ours);
  });

  const refusals: [mode: string, authorization: string | undefined, status: number, body?: string][] = [
    ["strict", undefined, 401, "no basic authentication credentials found"],
    ["strict", "Bearer abc", 401, "no basic authentication credentials found"],
    ["strict", "Basic", 401, "no basic authentication credentials found"],
    ["strict", "Basic !!!", 401, "invalid credentials"],
    ["strict", `Basic ${Buffer.from("nocolon").toString("base64")}`, 401, "invalid credentials"],
    ["strict", `Basic ${Buffer.from([0xff, 0x3a]).toString("base64")}`, 401, "invalid credentials"],
    ["strict", `Basic ${Buffer.from("nobody:secret").toString("base64")}`, 401, "invalid credentials"],
    ["strict", `Basic ${Buffer.from(`sha:${"x".repeat(2000)}`).toString("base64")}`, 401, "invalid credentials"],
    ["optional", undefined, 200],
    ["optional", `Basic ${Buffer.from("sha:wrong").toString("base64")}`, 401, "invalid credentials"],
  ];
  for (const [mode, authorization, status, body] of refusals) {
    it(`answers ${status} to ${authorization?.slice(0, 40) ?? "nothing"} in mode ${mode}`, async () => {
      const { reply } = await run(
        compilePolicy(basicAuth, { htpasswd: database, mode }),
        testExchange(authorization === undefined ? {} : { headers: { authorization } }),
      );
      assert.equal(reply.status, status);
      if (body === undefined) return;
      assert.equal(reply.body, `basic authentication failure: ${body}`);
      assert.equal(reply.headers.get("www-authenticate"), 'Basic realm="Restricted"');
    });
  }

  it("asks for proxy credentials with 407, and quotes the realm", async () => {
    const config = {
      htpasswd: { file: "/users" },
      mode: "strict",
      realm: 'The "Lab"',
      authorizationLocation: { header: { name: "Proxy-Authorization", prefix: "Basic " } },
    };
    const { reply } = await run(compilePolicy(basicAuth, config, testContext({ files: { "/users": database } })), testExchange());
    assert.deepEqual([reply.status, reply.headers.get("proxy-authenticate")], [407, 'Basic realm="The \\"Lab\\""']);
  });

  it("remembers good credentials, and forgets nobody's failure", async () => {
    const policy = compilePolicy(basicAuth, { htpasswd: database, mode: "strict" });
    await run(policy, basic("bcrypt", "secret"));
    let answered = false;
    const again = run(policy, basic("bcrypt", "secret")).then(() => (answered = true));
    for (let i = 0; i < 10; i += 1) await Promise.resolve(); // microtasks only: no hash was computed
    assert.equal(answered, true);
    await again;
    assert.equal((await run(policy, basic("bcrypt", "wrong"))).reply.status, 401);
  });

  it("turns a flood of password checks away instead of letting it starve everybody", async () => {
    const policy = compilePolicy(basicAuth, { htpasswd: database, mode: "strict" });
    const flood = await Promise.all(Array.from({ length: 100 }, (_, i) => run(policy, basic("sha", `guess ${i}`))));
    const statuses = flood.map(({ reply }) => reply.status);
    assert.deepEqual([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 503).length], [64, 36]);
  });
});

describe("parseHtpasswd", () => {
  const bad: [line: string, message: RegExp][] = [
    ["nocolon", /line 2: expected user:hash$/],
    [":hash", /line 2: expected user:hash$/],
    ["eve:plain text", /line 2, user "eve": unknown kind of password hash;/],
    ["eve:$2b$99$abc", /user "eve": unknown kind/],
    ["eve:$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", /user "eve": unknown kind/],
    ["eve:{SHA}short", /user "eve": unknown kind/],
  ];
  for (const [line, message] of bad) {
    it(`names the place of ${line}`, () => assert.throws(() => parseHtpasswd(`# comment\n${line}\n`), message));
  }

  it("does not quote what may be a password", () => {
    assert.throws(
      () => parseHtpasswd("eve:hunter2"),
      (error: Error) => !error.message.includes("hunter2"),
    );
  });

  it("takes Windows line ends, blank lines and the last of several lines for one user", async () => {
    const users = parseHtpasswd("a:abNANd1rDfiNc\r\n\r\n  # x\r\na:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\r\n");
    assert.equal(await users.get("a")?.check("secret"), true);
    assert.equal(users.size, 1);
  });

  it("gives users or an Error of its own, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.string(), fc.string()).map(([user, hash]) => `${user}:${hash}\nx:abNANd1rDfiNc`),
        ),
        (text) => {
          try {
            parseHtpasswd(text);
          } catch (error) {
            assert.match((error as Error).message, /^htpasswd line \d+/);
          }
        },
      ),
    );
  });
});

describe("parseCredentials", () => {
  it("gives back what was encoded, colons in the password included", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).filter((name) => !name.includes(":")),
        fc.string({ unit: "grapheme" }),
        (username, password) => {
          fc.pre(`${username}${password}`.isWellFormed());
          const encoded = Buffer.from(`${username}:${password}`).toString("base64");
          assert.deepEqual(parseCredentials(encoded), { username, password });
        },
      ),
    );
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => void parseCredentials(text)));
  });
});

describe("OneByOne", () => {
  it("runs tasks in turn, failed ones included", async () => {
    const queue = new OneByOne();
    const order: number[] = [];
    const tasks = [1, 2, 3].map((n) =>
      queue.run(async () => {
        order.push(n);
        await new Promise(setImmediate);
        order.push(-n);
        if (n === 2) throw new Error("two");
        return n;
      }),
    );
    const outcomes = await Promise.allSettled(tasks);
    assert.deepEqual(order, [1, -1, 2, -2, 3, -3]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
  });
});
