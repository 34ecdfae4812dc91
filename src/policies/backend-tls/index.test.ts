import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testAuthority } from "../../../test/tls/certificates.ts";
import { backendTLSConfig } from "./config.ts";
import { compileBackendTls } from "./index.ts";

const authority = testAuthority("CA");
const client = authority.issue(["client.test"]);
const files: Readonly<Record<string, string>> = {
  "/cert.pem": client.cert,
  "/key.pem": client.key,
  "/ca.pem": authority.cert,
  "/other.pem": authority.issue(["other.test"]).key,
  "/no.pem": "nothing of the kind",
};
const compile = (config: unknown) => compileBackendTls(backendTLSConfig.parse(config), (path) => files[path]!);

describe("backendTLS", () => {
  it("is verification against the system's authorities when empty", () => {
    assert.deepEqual(compile({}), {});
  });

  it("reads files and passes settings on", () => {
    const config = {
      cert: "/cert.pem",
      key: "/key.pem",
      root: "/ca.pem",
      hostname: "a.test",
      insecureHost: true,
      subjectAltNames: ["b.test"],
    };
    assert.deepEqual(compile(config), {
      cert: client.cert,
      key: client.key,
      ca: authority.cert,
      serverName: "a.test",
      insecureHost: true,
      subjectAltNames: ["b.test"],
    });
    assert.deepEqual(compile({ insecure: true }), { insecure: true });
  });

  it("refuses half a client certificate", () => {
    assert.throws(() => compile({ cert: "/cert.pem" }), /both `cert` and `key`/);
  });

  it("refuses files that are something else, by name", () => {
    assert.throws(() => compile({ root: "/no.pem" }), /^Error: \/no\.pem holds no certificate in PEM form$/);
    assert.throws(() => compile({ cert: "/cert.pem", key: "/no.pem" }), /\/no\.pem holds no private key in PEM form/);
    assert.throws(() => compile({ cert: "/cert.pem", key: "/other.pem" }), /the key in \/other\.pem is not that of .* \/cert\.pem/);
  });
});
