import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderList } from "../base/headers.ts";
import type { RequestHead } from "../contract/exchange.ts";
import { compileMatcher, hostOf, type MatchEntry, type MatchRule } from "./match.ts";

function head(path: string, more: Partial<RequestHead> = {}): RequestHead {
  return { method: "GET", scheme: "http", authority: "a.example.com", path, search: "", headers: new HeaderList(), ...more };
}

function rule(path: MatchRule["path"], more: Partial<MatchRule> = {}): MatchRule {
  return { path, headers: [], query: [], ...more };
}

function entry(value: string, rules: MatchRule[], hostnames: string[] = []): MatchEntry<string> {
  return { value, rules, hostnames };
}

const exact = (text: string): MatchRule["path"] => ({ kind: "exact", exact: text });
const prefix = (text: string): MatchRule["path"] => ({ kind: "pathPrefix", pathPrefix: text });
const regex = (text: string): MatchRule["path"] => ({ kind: "regex", regex: text });

test("a prefix matches whole segments only", () => {
  const match = compileMatcher([entry("foo", [rule(prefix("/foo"))])]);
  for (const path of ["/foo", "/foo/", "/foo/x"]) assert.equal(match(head(path))?.value, "foo", path);
  for (const path of ["/foobar", "/", "/x/foo"]) assert.equal(match(head(path)), undefined, path);
  const slash = compileMatcher([entry("foo", [rule(prefix("/foo/"))])]);
  assert.equal(slash(head("/foo"))?.value, "foo");
});

test("precedence inside a tier: exact, longer prefix, regex, method, headers, query, order", () => {
  const plain = { kind: "exact", exact: "1" } as const;
  const match = compileMatcher([
    entry("regex", [rule(regex("/a.*"))]),
    entry("root", [rule(prefix("/"))]),
    entry("short", [rule(prefix("/a"))]),
    entry("long", [rule(prefix("/a/b"))]),
    entry("long-post", [rule(prefix("/a/b"), { method: "POST" })]),
    entry("long-header", [rule(prefix("/a/b"), { headers: [{ name: "x", value: plain }] })]),
    entry("long-query", [rule(prefix("/a/b"), { query: [{ name: "q", value: plain }] })]),
    entry("later", [rule(prefix("/a/b"))]),
    entry("exact", [rule(exact("/a/b"))]),
  ]);
  assert.equal(match(head("/a/b"))?.value, "exact");
  assert.equal(match(head("/a/b/c"))?.value, "long");
  assert.equal(match(head("/a/b/c", { method: "POST" }))?.value, "long-post");
  assert.equal(match(head("/a/b/c", { headers: new HeaderList(["x", "1"]) }))?.value, "long-header");
  assert.equal(match(head("/a/b/c", { search: "?q=1" }))?.value, "long-query");
  assert.equal(match(head("/a/b/c", { search: "?q=1&q=2" }))?.value, "long", "the last of a repeated key counts");
  assert.equal(match(head("/a/c"))?.value, "short");
  assert.equal(match(head("/abc"))?.value, "root");
});

test("a regular expression is anchored at both ends", () => {
  const match = compileMatcher([entry("r", [rule(regex("/v[0-9]+"))])]);
  assert.equal(match(head("/v1"))?.value, "r");
  assert.equal(match(head("/v1/x")), undefined);
  assert.equal(match(head("/x/v1")), undefined);
});

test("host tiers fall through: exact, longest wildcard, none", () => {
  const match = compileMatcher([
    entry("none", [rule(prefix("/"))]),
    entry("wild", [rule(prefix("/w"))], ["*.example.com"]),
    entry("longer", [rule(prefix("/l"))], ["*.a.example.com"]),
    entry("exact", [rule(prefix("/e"))], ["a.example.com"]),
  ]);
  const ask = (path: string, authority: string): string | undefined => match(head(path, { authority }))?.value;
  assert.equal(ask("/e", "a.example.com:8080"), "exact");
  assert.equal(ask("/w", "a.example.com"), "wild");
  assert.equal(ask("/l", "b.a.example.com"), "longer");
  assert.equal(ask("/x", "a.example.com"), "none");
  assert.equal(ask("/w", "example.com"), "none", "a wildcard needs a label");
});

test("rules are or-ed and tell which prefix matched", () => {
  const match = compileMatcher([entry("r", [rule(prefix("/a/")), rule(exact("/b"))])]);
  assert.deepEqual(match(head("/a/x")), { value: "r", pathPattern: "/a/", matchedPrefix: "/a" });
  assert.deepEqual(match(head("/b")), { value: "r", pathPattern: "/b", matchedPrefix: undefined });
});

test("hostOf", () => {
  assert.equal(hostOf("a:1"), "a");
  assert.equal(hostOf("[::1]:80"), "[::1]");
  assert.equal(hostOf("a"), "a");
});
