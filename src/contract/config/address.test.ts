import assert from "node:assert/strict";
import { test } from "node:test";
import { hostnamePattern, hostPort, listenAddress, parseHostPort } from "./address.ts";

test("reads host and port", () => {
  assert.deepEqual(parseHostPort("API.internal:8080"), { host: "api.internal", port: 8080 });
  assert.deepEqual(parseHostPort("10.0.0.1:1"), { host: "10.0.0.1", port: 1 });
  assert.deepEqual(parseHostPort("[::1]:443"), { host: "::1", port: 443 });
});

for (const text of ["api.internal", "api:", ":80", "api:99999", "::1:80", "[x]:80", "http://api:80", "user@api:80", "api:80/x", "a b:80"]) {
  test(`${text} is no host and port`, () => assert.equal(parseHostPort(text), undefined));
}

test("a backend cannot be at port 0", () => {
  assert.equal(hostPort().safeParse("api:0").success, false);
});

test("a URL for an address is told what to do instead", () => {
  const result = hostPort().safeParse("https://api.internal");
  assert.match(result.error?.issues[0]?.message ?? "", /backendTLS/);
});

test("reads the forms of a listening address", () => {
  assert.deepEqual(listenAddress().parse("off"), { kind: "off" });
  assert.deepEqual(listenAddress().parse("unix:/run/admin.sock"), { kind: "unix", path: "/run/admin.sock" });
  assert.deepEqual(listenAddress().parse("localhost:15000"), { kind: "tcp", host: "localhost", port: 15_000 });
  assert.deepEqual(listenAddress().parse("[::]:0"), { kind: "tcp", host: "::", port: 0 });
  for (const text of ["", "on", "unix:", "example.com:80", "15000"]) assert.equal(listenAddress().safeParse(text).success, false, text);
});

test("takes host names, wildcards and addresses to serve", () => {
  for (const text of ["Example.com", "*.example.com", "*", "localhost", "10.0.0.1", "::1", "my_host"])
    assert.equal(hostnamePattern().safeParse(text).success, true, text);
  for (const text of ["", "a.*.com", "*example.com", "example.com:80", "https://example.com", "a b", "-a.com"]) {
    assert.equal(hostnamePattern().safeParse(text).success, false, text);
  }
  assert.equal(hostnamePattern().parse("Example.COM"), "example.com");
});
