import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { chunkedBody, testContext, testExchange } from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { Reply, type ReplyStream } from "../../contract/reply.ts";
import { expiryOf, unverifiedClaims } from "./caller-token.ts";
import { compileTokenEndpoint, TokenEndpointError } from "./token-endpoint.ts";
import { bearerToken, identityAssertion } from "./token-parameters.ts";

const names = { name: "sts", type: "static", protocol: "http" } as const;

/** Asks an endpoint that answers this. */
function asking(reply: Reply) {
  const context = testContext({ backend: () => ({ names, settings: undefined, send: async () => reply }) });
  const config = { kind: "host", host: { host: "sts", port: 80 }, clientAuth: undefined } as never;
  return compileTokenEndpoint(config, "place", context)(testExchange(), new URLSearchParams({ subject_token: "hunter2-subject" }));
}

const answered = (status: number, text: string): Reply => new Reply(status, new HeaderList(), chunkedBody([text]));

describe("a token endpoint's answer", () => {
  it("may be anything: there is a token, or an error that names the server and no secret", () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 201, 302, 400, 401, 500), answers(), async (status, text) => {
        try {
          const reply = await asking(answered(status, text));
          assert.ok(status < 300 && reply.accessToken !== "");
          assert.ok(reply.lifetimeMs === undefined || reply.lifetimeMs >= 0);
          for (const take of [bearerToken, identityAssertion]) {
            try {
              take(reply);
            } catch (thrown) {
              assert.ok(thrown instanceof TokenEndpointError);
            }
          }
        } catch (thrown) {
          assert.ok(thrown instanceof TokenEndpointError, String(thrown));
          assert.match(thrown.message, /^sts/);
          assert.doesNotMatch(thrown.message, /hunter2|[^ -~]/);
          assert.ok(thrown.message.length < 700);
        }
      }),
      { numRuns: 500 },
    ));

  it("has a deadline for its body, too", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let fail: ((error: Error) => void) | undefined;
    const silent: ReplyStream = {
      start: (sink) => (fail = (error) => sink.fail(error)),
      resume: () => {},
      cancel: (reason) => fail?.(reason),
    };
    const asked = asking(new Reply(200, new HeaderList(), silent));
    await new Promise(setImmediate);
    t.mock.timers.tick(9_999);
    assert.ok(fail);
    t.mock.timers.tick(1);
    await assert.rejects(asked, { message: "sts: upstream call timeout" });
  });

  it("is let go of when it is too large", async () => {
    const body = chunkedBody(Array.from({ length: 200 }, () => "x".repeat(1_000)));
    await assert.rejects(asking(new Reply(200, new HeaderList(), body)), /too large/);
    assert.equal(body.cancelled, true);
  });
});

describe("a token that is looked into", () => {
  it("may be anything", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `h.${Buffer.from(json).toString("base64url")}.s`),
        ),
        (token) => {
          const claims = unverifiedClaims(token);
          assert.ok(claims === undefined || (typeof claims === "object" && !Array.isArray(claims)));
          const expiry = expiryOf(token);
          assert.ok(expiry === undefined || typeof expiry === "number");
        },
      ),
    ));
});

/** Members as servers write them, and as they should not. */
function answers(): fc.Arbitrary<string> {
  const member = fc.oneof(fc.constantFrom("Bearer", "N_A", "hunter2-subject", "invalid_grant", "\u0000\n€"), fc.string(), fc.jsonValue());
  const keys = ["access_token", "token_type", "issued_token_type", "expires_in", "error", "error_description"];
  const record = fc.record(Object.fromEntries(keys.map((key) => [key, member])), { requiredKeys: [] });
  return fc.oneof({ weight: 4, arbitrary: record.map((value) => JSON.stringify(value)) }, fc.json(), fc.string());
}
