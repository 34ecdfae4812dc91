import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backendTLSConfig } from "./config.ts";
import { compileBackendTls } from "./index.ts";

const files: Readonly<Record<string, string>> = { "/cert.pem": "CERT", "/key.pem": "KEY", "/ca.pem": "CA" };
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
      alpn: ["http/1.1"],
      subjectAltNames: ["b.test"],
    };
    assert.deepEqual(compile(config), {
      cert: "CERT",
      key: "KEY",
      ca: "CA",
      serverName: "a.test",
      insecureHost: true,
      alpn: ["http/1.1"],
      subjectAltNames: ["b.test"],
    });
    assert.deepEqual(compile({ insecure: true }), { insecure: true });
  });

  it("refuses half a client certificate", () => {
    assert.throws(() => compile({ cert: "/cert.pem" }), /both `cert` and `key`/);
  });
});
