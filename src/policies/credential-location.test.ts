import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fields, testExchange } from "../../test/policy-harness.ts";
import { HeaderList } from "../base/headers.ts";
import { compileExpression } from "../cel/compile.ts";
import { readCookie, writeCookie } from "./cookies.ts";
import { compileCredentialDestination, compileCredentialSource } from "./credential-location.ts";
import { readParameter, writeParameter } from "./query.ts";

describe("credential in a header", () => {
  const source = compileCredentialSource({ kind: "header", header: { name: "authorization", prefix: "Bearer " } });
  for (const [value, found] of [
    ["Bearer abc", "abc"],
    ["bearer abc", "abc"],
    ["Bearer ", ""],
    ["Bearer", undefined],
    ["Bearerabc", undefined],
    ["Basic abc", undefined],
    ["", undefined],
  ] as const) {
    it(`of "${value}" is ${found === undefined ? "none" : `"${found}"`}`, () => {
      assert.equal(source.find(testExchange({ headers: { authorization: value } })), found);
    });
  }

  it("is the first of several, and all of them are removed", () => {
    const exchange = testExchange({ headers: { authorization: ["Bearer one", "Bearer two"], other: "x" } });
    assert.equal(source.find(exchange), "one");
    source.remove(exchange);
    assert.deepEqual(fields(exchange.request), { other: "x" });
  });

  it("is the whole value without a prefix", () => {
    const bare = compileCredentialSource({ kind: "header", header: { name: "x-key", prefix: undefined } });
    assert.equal(bare.find(testExchange({ headers: { "x-key": "abc" } })), "abc");
  });
});

describe("cookies", () => {
  const cases: [field: string, expected: string | undefined][] = [
    ["a=1", "1"],
    ["b=2; a=1; a=3", "1"],
    ["b=2;a=1", "1"],
    ['a="quoted"', '"quoted"'],
    ["a=x=y", "x=y"],
    ["a=", ""],
    ["aa=1; A=2; a", undefined],
    ["", undefined],
    [";;;", undefined],
  ];
  for (const [field, expected] of cases) {
    it(`reads ${expected === undefined ? "nothing" : expected || "an empty value"} from ${field || "nothing"}`, () => {
      assert.equal(readCookie(new HeaderList(["cookie", field]), "a"), expected);
    });
  }

  it("are written and removed without touching the others", () => {
    const headers = new HeaderList(["cookie", "a=1; b=2", "x", "y", "cookie", "c=3;a=4"]);
    writeCookie(headers, "a", "new");
    assert.deepEqual(headers.getAll("cookie"), ["b=2; c=3; a=new"]);
    writeCookie(headers, "a", undefined);
    assert.deepEqual(headers.getAll("cookie"), ["b=2; c=3"]);
    const last = new HeaderList(["cookie", "a=1"]);
    writeCookie(last, "a", undefined);
    assert.equal(last.has("cookie"), false);
  });

  it("never leave a removed one behind, whatever the fields", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "=", ";", " ", '"', ",", "b") }), { maxLength: 4 }), (values) => {
        const headers = new HeaderList(values.flatMap((value) => ["cookie", value]));
        writeCookie(headers, "a", undefined);
        assert.equal(readCookie(headers, "a"), undefined);
      }),
    );
  });
});

describe("query parameters", () => {
  const cases: [search: string, expected: string | undefined][] = [
    ["?key=abc", "abc"],
    ["?a=1&key=a%20b+c&b=2", "a b c"],
    ["?k%65y=abc", "abc"],
    ["?key", ""],
    ["?key=%zz", "%zz"],
    ["?keys=1&KEY=2", undefined],
    ["?", undefined],
    ["", undefined],
  ];
  for (const [search, expected] of cases) {
    it(`reads ${expected ?? "nothing"} from ${search}`, () => assert.equal(readParameter(search, "key"), expected));
  }

  it("are written and removed without touching the bytes of the others", () => {
    assert.equal(writeParameter("?a=%2f&key=1&b=%zz&k%65y=2", "key", undefined), "?a=%2f&b=%zz");
    assert.equal(writeParameter("?key=1", "key", undefined), "");
    assert.equal(writeParameter("?a=1&key=1", "key", "x y&z"), "?a=1&key=x+y%26z");
    assert.equal(writeParameter("", "key", "v"), "?key=v");
  });

  it("come back as they were written, and are gone when removed", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), fc.string(), (rest, name, value) => {
        fc.pre(value.isWellFormed() && name.isWellFormed());
        const search = writeParameter(`?${rest.replaceAll("#", "")}`, name, value);
        assert.equal(readParameter(search, name), value);
        assert.equal(readParameter(writeParameter(search, name, undefined), name), undefined);
      }),
    );
  });
});

describe("credential destinations", () => {
  const head = () => testExchange({ search: "?a=1", headers: { cookie: "a=1", authorization: "Basic old" } }).request;
  it("are Authorization: Bearer by default, replacing what is there", () => {
    const target = head();
    assert.equal(compileCredentialDestination(undefined)(target, "abc"), true);
    assert.equal(target.headers.get("authorization"), "Bearer abc");
  });

  it("can be another header, a parameter or a cookie", () => {
    const target = head();
    compileCredentialDestination({ kind: "header", header: { name: "x-api-key", prefix: undefined } })(target, "abc");
    compileCredentialDestination({ kind: "queryParameter", queryParameter: { name: "key" } })(target, "a b");
    compileCredentialDestination({ kind: "cookie", cookie: { name: "s" } })(target, "abc");
    assert.deepEqual([target.headers.get("x-api-key"), target.search, target.headers.get("cookie")], ["abc", "?a=1&key=a+b", "a=1; s=abc"]);
  });

  it("refuse what would end the field or the cookie", () => {
    assert.equal(compileCredentialDestination(undefined)(head(), "a\r\nx: y"), false);
    assert.equal(compileCredentialDestination({ kind: "cookie", cookie: { name: "s" } })(head(), "a; admin=1"), false);
  });
});

describe("credential computed by an expression", () => {
  const source = (text: string) => compileCredentialSource({ kind: "expression", expression: compileExpression(text) });
  it("is its text, and none when it fails or gives something else", () => {
    const exchange = testExchange({ headers: { "x-auth": "v1:abc" } });
    assert.equal(source('request.headers["x-auth"].split(":")[1]').find(exchange), "abc");
    assert.equal(source('request.headers["x-none"]').find(exchange), undefined);
    assert.equal(source("5").find(exchange), undefined);
  });

  it("can only be read: the request goes on as it is", () => {
    const exchange = testExchange({ headers: { "x-auth": "abc" } });
    source('request.headers["x-auth"]').remove(exchange);
    assert.deepEqual(fields(exchange.request), { "x-auth": "abc" });
  });
});
