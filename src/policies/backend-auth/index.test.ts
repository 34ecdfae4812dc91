import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { fields, runBackend, testClock, testContext, testExchange } from "../../../test/policy-harness.ts";
import { testIssuer } from "../../../test/tokens.ts";
import type { DocumentRequest, FetchedDocument } from "../../upstream/fetch-document.ts";
import { compileGoogleCredential, metadataServer } from "./google.ts";
import { backendAuth } from "./index.ts";

describe("backendAuth", () => {
  it("sends a fixed key, from the configuration or a file, in place of what the client sent", async () => {
    const exchange = testExchange({ headers: { authorization: "Bearer client" } });
    const inline = await runBackend(backendAuth, { key: "sk-1" }, { exchange });
    assert.deepEqual([fields(inline.outgoing.head), inline.outgoing.credentialPlaced], [{ authorization: "Bearer sk-1" }, false]);
    assert.equal(exchange.request.headers.get("authorization"), "Bearer client");
    const file = await runBackend(backendAuth, { key: { file: "/key" } }, { context: testContext({ files: { "/key": "sk-2\n" } }) });
    assert.deepEqual(fields(file.outgoing.head), { authorization: "Bearer sk-2" });
  });

  it("puts it where the configuration says, and tells providers to leave it there", async () => {
    const location = { header: { name: "X-API-Key" } };
    const { outgoing } = await runBackend(backendAuth, { key: { value: "sk-1", location } });
    assert.deepEqual([fields(outgoing.head), outgoing.credentialPlaced], [{ "x-api-key": "sk-1" }, true]);
  });

  it("passes the caller's verified token on, and nothing where there is none", async () => {
    const exchange = testExchange();
    exchange.identity.jwt = { claims: {}, token: "caller.token" };
    const { outgoing } = await runBackend(backendAuth, { passthrough: {} }, { exchange });
    assert.deepEqual(fields(outgoing.head), { authorization: "Bearer caller.token" });
    const none = await runBackend(backendAuth, { passthrough: {} });
    assert.deepEqual(fields(none.outgoing.head), {});
  });

  // shows: mcp-goes-along
  it("passes on what nobody verified where the backend does not get it unasked", async () => {
    const passthrough = (config: object, authorization: string) => {
      const exchange = testExchange({ headers: { authorization } });
      return runBackend(backendAuth, { passthrough: config }, { exchange, callerAuthorization: authorization });
    };
    const sent = async (config: object, authorization: string) => fields((await passthrough(config, authorization)).outgoing.head);
    const elsewhere = { location: { header: { name: "x-token" } } };
    assert.deepEqual(await sent({}, "Basic eA=="), { authorization: "Basic eA==" });
    assert.deepEqual(await sent(elsewhere, "bearer  opaque"), { "x-token": "opaque" });
    assert.deepEqual(await sent(elsewhere, "Basic eA=="), { authorization: "Basic eA==" });
    assert.deepEqual(await sent({ location: { header: { name: "authorization", prefix: "Token " } } }, "Bearer t"), {
      authorization: "Token t",
    });
  });

  it("refuses a key that no request can carry, at load", () => {
    assert.throws(() => backendAuth.compileBackend?.(backendAuth.config.parse({ key: "a\nb" }), testContext()), /cannot carry/);
  });

  it("gets Google tokens for a service account, once for many requests", async () => {
    const requests: URLSearchParams[] = [];
    const server = createServer((request, response) => {
      void readForm(request).then((form) => {
        requests.push(form);
        response.end(JSON.stringify({ access_token: "ya29.token", expires_in: 3600 }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const context = testContext({
        files: { "/sa.json": serviceAccount(`http://127.0.0.1:${(server.address() as AddressInfo).port}/token`) },
      });
      const sent = await Promise.all(
        [1, 2, 3].map(() => runBackend(backendAuth, { gcp: { credential: { file: "/sa.json" } } }, { context })),
      );
      assert.deepEqual(
        sent.map(({ outgoing }) => outgoing.head.headers.get("authorization")),
        Array(3).fill("Bearer ya29.token"),
      );
      assert.equal(requests.length, 1);
      assert.equal(requests[0]!.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    } finally {
      server.close();
    }
  });

  it("answers 500 without details when Google gives no token", async () => {
    const context = testContext({ files: { "/sa.json": serviceAccount("http://127.0.0.1:1/token") } });
    await assert.rejects(
      runBackend(backendAuth, { gcp: { credential: { file: "/sa.json" } } }, { context }),
      (error: Error & { status?: number }) => {
        assert.deepEqual([error.status, error.message], [500, "backend authentication failed: no token from Google"]);
        return true;
      },
    );
    assert.equal(context.logged.length, 1);
    assert.equal(context.logged[0]!.includes("PRIVATE"), false);
  });

  const places: [where: string, environment: Record<string, string>, file: string][] = [
    ["the file that the environment names", { GOOGLE_APPLICATION_CREDENTIALS: "/adc.json", HOME: "/home/me" }, "/adc.json"],
    ["the file that gcloud leaves", { HOME: "/home/me" }, "/home/me/.config/gcloud/application_default_credentials.json"],
  ];
  for (const [where, environment, file] of places) {
    it(`takes its Google credential from ${where} where the configuration has none`, () => {
      const context = testContext({ environment, files: { [file]: '{"type":"service_account","client_email":"found@it.test"}' } });
      assert.throws(() => backendAuth.compileBackend?.(backendAuth.config.parse({ gcp: {} }), context), /`private_key` is missing/);
    });
  }

  it("asks the machine for a Google token where nobody has logged in", () => {
    const context = testContext({ environment: { HOME: "/home/me" } });
    assert.doesNotThrow(() => backendAuth.compileBackend?.(backendAuth.config.parse({ gcp: {} }), context));
  });

  it("needs to know an audience for ID tokens", async () => {
    const context = testContext({ files: { "/sa.json": serviceAccount("http://127.0.0.1:1/token") } });
    await assert.rejects(
      runBackend(backendAuth, { gcp: { type: "idToken", credential: { file: "/sa.json" } } }, { context }),
      /`audience`/,
    );
  });
});

const account = testIssuer("account", "RS256");

function serviceAccount(tokenUri: string): string {
  return JSON.stringify({
    type: "service_account",
    client_email: "gw@project.iam.test",
    private_key_id: "key-1",
    private_key: account.privateKey.export({ format: "pem", type: "pkcs8" }),
    token_uri: tokenUri,
  });
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

describe("Google credentials", () => {
  function fetching(answer: Partial<FetchedDocument>) {
    const asked: DocumentRequest[] = [];
    const fetch = async (request: DocumentRequest): Promise<FetchedDocument> => {
      asked.push(request);
      return { status: 200, text: "", cacheControl: undefined, ...answer };
    };
    return { asked, parts: { clock: testClock(), fetch } };
  }

  it("sign an assertion that the token endpoint can check", async () => {
    const { asked, parts } = fetching({ text: '{"id_token":"id","expires_in":1800}' });
    const issue = compileGoogleCredential(serviceAccount("https://token.test"), parts);
    assert.deepEqual(await issue({ type: "idToken", audience: "https://run.test" }), { token: "id", lifetimeMs: 1_800_000 });
    const [header, payload, signature] = new URLSearchParams(asked[0]!.body).get("assertion")!.split(".") as [string, string, string];
    const key = createPublicKey(account.privateKey);
    assert.equal(verify("sha256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")), true);
    const now = Math.floor(parts.clock.now / 1000);
    assert.deepEqual(JSON.parse(Buffer.from(payload, "base64url").toString()), {
      iss: "gw@project.iam.test",
      sub: "gw@project.iam.test",
      aud: "https://token.test",
      iat: now,
      exp: now + 3600,
      target_audience: "https://run.test",
    });
  });

  it("exchange a user's refresh token", async () => {
    const { asked, parts } = fetching({ text: '{"access_token":"t"}' });
    const user = { type: "authorized_user", client_id: "i", client_secret: "s", refresh_token: "r" };
    assert.deepEqual(await compileGoogleCredential(JSON.stringify(user), parts)({ type: "accessToken" }), {
      token: "t",
      lifetimeMs: 3_600_000,
    });
    assert.equal(asked[0]!.body, "grant_type=refresh_token&client_id=i&client_secret=s&refresh_token=r");
  });

  it("come from the metadata server on a machine of Google's", async () => {
    const { asked, parts } = fetching({ text: "id-token\n" });
    assert.equal((await metadataServer(parts)({ type: "idToken", audience: "https://run.test" })).token, "id-token");
    assert.deepEqual(asked[0]!.headers, { "metadata-flavor": "Google" });
    assert.match(asked[0]!.url, /\/identity\?format=full&audience=https%3A%2F%2Frun\.test$/);
  });

  const broken: [json: string, message: RegExp][] = [
    ["no json", /expected a JSON object/],
    ["[]", /expected a JSON object/],
    ["{}", /type undefined is not supported/],
    ['{"type":"external_account"}', /"external_account" is not supported/],
    ['{"type":"service_account"}', /`client_email` is missing/],
    ['{"type":"service_account","client_email":"e","private_key":"hunter2"}', /`private_key` is no private key/],
    ['{"type":"authorized_user","client_id":"i","client_secret":"hunter2"}', /`refresh_token` is missing/],
  ];
  for (const [json, message] of broken) {
    it(`that are broken say so and keep their secrets: ${message.source}`, () => {
      assert.throws(
        () => compileGoogleCredential(json, fetching({}).parts),
        (error: Error) => message.test(error.message) && !error.message.includes("hunter2"),
      );
    });
  }

  it("report the endpoint's error code and nothing else of its answer", async () => {
    const { parts } = fetching({ status: 400, text: '{"error":"invalid_grant","error_description":"secret assertion"}' });
    const issue = compileGoogleCredential(serviceAccount("https://token.test"), parts);
    await assert.rejects(issue({ type: "accessToken" }), { message: "the token endpoint answered 400 (invalid_grant)" });
  });
});
