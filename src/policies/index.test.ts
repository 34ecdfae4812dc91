import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { admissionPolicies, backendPolicies, gatewayPolicies, routePolicies } from "./index.ts";

const names = (policies: readonly { readonly name: string }[]): string[] => policies.map(({ name }) => name);

/** The order of the reference, less what is not there yet. */
const referenceOrder = [
  "cors",
  "jwtAuth",
  "mcpAuthentication",
  "basicAuth",
  "apiKey",
  "authorization",
  "localRateLimit",
  "buffer",
  "transformations",
  "csrf",
  "requestHeaderModifier",
  "urlRewrite",
  "requestRedirect",
  "delay",
  "directResponse",
  "requestMirror",
];

describe("the registry", () => {
  it("has requests meet route policies in the reference's order", () => {
    const order = names([...admissionPolicies, ...routePolicies]);
    const positions = referenceOrder.map((name) => order.indexOf(name));
    assert.equal(positions.includes(-1), false);
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
  });

  it("has replies meet header modifiers, buffers and transformations in the reference's order", () => {
    const order = names(admissionPolicies).toReversed();
    const positions = ["responseHeaderModifier", "buffer", "transformations", "localRateLimit", "cors"].map((name) => order.indexOf(name));
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
  });

  it("has backend calls meet authorization before credentials, and credentials before transformations", () => {
    assert.deepEqual(names(backendPolicies).slice(4, 7), ["authorization", "backendAuth", "transformations"]);
  });

  it("knows every policy folder, each policy under the folder's name", () => {
    const listed = new Set(names([...gatewayPolicies, ...admissionPolicies, ...routePolicies, ...backendPolicies]));
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const expected = folders.map(({ name }) => name.replace(/-tls$/, "TLS").replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
    assert.deepEqual(Array.from(listed).toSorted(), expected.toSorted());
  });

  it("has something to do for every policy of a route, and for every backend policy that is not only configuration", () => {
    for (const policy of [...gatewayPolicies, ...admissionPolicies, ...routePolicies]) assert.ok(policy.compile, policy.name);
    for (const policy of backendPolicies) {
      if (!["backendTLS", "mcpAuthorization", "mcpGuardrails"].includes(policy.name)) assert.ok(policy.compileBackend, policy.name);
    }
  });
});
