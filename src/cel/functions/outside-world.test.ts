import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkCases, fails, Fails } from "../../../test/conformance/cel/check-cases.ts";
import { compileExpression } from "../compile.ts";

describe("JSON and tokens", () => {
  checkCases(
    [
      ["json('{\"hi\":1}').hi", 1],
      ["json(b'[1.5]')[0]", 1.5],
      ["json('nope')", new Fails("invalid JSON")],
      ["default(json('nope').x, 1)", fails],
      ["default(json('').x, 1)", 1],
      ["json(1)", fails],
      ["toJson({'a': [1, 2.5, null, b'x', duration('1s')], 'n': 9007199254740993})", '{"a":[1,2.5,null,"eA==","1s"],"n":9007199254740993}'],
      ["to_json('x')", '"x"'],
      ["jsonField('{\"hi\":1}', 'hi')", 1],
      ["jsonField('{\"hi\":1}', 'ho')", new Fails("no member of that name")],
      ['unvalidatedJwtPayload("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjMiLCJhZG1pbiI6dHJ1ZX0.")', { sub: "123", admin: true }],
      ['unvalidatedJwtPayload("eyJhbGciOiJub25lIn0.eyJkYXRhIjoifn5-In0.").data', "~~~"],
      ["unvalidatedJwtPayload('a.b.c')", fails],
      ["unvalidatedJwtPayload('a.b')", new Fails("3 segments")],
    ],
    {},
  );
});

describe("encodings and hashes", () => {
  checkCases([
    ["base64.encode('hello') + base64Encode(b'hi')", "aGVsbG8=aGk="],
    ["string(base64.decode('aGVsbG8=')) + string(base64.decode('Zg')) + string(base64Decode('Zg=='))", "helloff"],
    ["base64.decode('a$b')", new Fails("not base64")],
    ["base64.decode('Zg=')", fails],
    ["url.encode('a b/ü!')", "a%20b%2F%C3%BC%21"],
    ["url.decode('a%20b%2F%C3%BC')", "a b/ü"],
    ["url.decode('%zz')", fails],
    ["form.encode({'a': 'x y', 'b': ['1', '2']})", "a=x+y&b=1&b=2"],
    ["form.decode('a=x+y&b=1&b=2&c')", { a: "x y", b: ["1", "2"], c: "" }],
    ["form.encode('x y&')", "x+y%26"],
    ["form.encode(1)", fails],
    ["md5.encode('hello')", "5d41402abc4b2a76b9719d911017c592"],
    ["sha1.encode(b'hello')", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"],
    ["sha256.encode('hello')", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"],
    ["sha256.encode(1)", fails],
  ]);
});

describe("addresses", () => {
  checkCases(
    [
      ["ip('2001:DB8:0:0::68')", "2001:db8::68"],
      ["ip(bad)", new Fails("not an IP address")],
      ["isIP('1.2.3.4') && !isIP('1.2.3.4.5') && isIP('::1') && !isIP('fe80::1%eth0')", true],
      ["isIP(1)", fails],
      ["isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0')", true],
      ["ip('1.2.3.4').family() + ip('::').family()", 10],
      ["ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified() && !ip('::1').isUnspecified()", true],
      ["ip('127.1.2.3').isLoopback() && ip('::1').isLoopback()", true],
      ["ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()", true],
      ["ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast()", true],
      ["ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()", true],
      ["ip.isCanonical('::1') && !ip.isCanonical('0::1')", true],
      ["ip.isCanonical('x')", fails],
      ["cidr('10.0.0.0/8').containsIP(source)", true],
      ["cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))", false],
      ["cidr('10.0.0.0/8').containsIP(bad)", fails],
      ["cidr('::/0').containsIP('1.2.3.4')", false],
      ["cidr('127.0.0.1/8').containsCIDR(cidr('127.0.0.1/27')) && !cidr('127.0.0.1/8').containsCIDR('128.0.0.0/32')", true],
      ["cidr('127.0.7.1/8').masked()", "127.0.0.0/8"],
      ["cidr('::1/128').prefixLength()", 128],
      ["cidr('127.0.7.1/8').ip() == ip('127.0.7.1')", true],
      ["cidr(bad)", fails],
      ["string(cidr('2001:db8::1/32').masked())", "2001:db8::/32"],
    ],
    { source: "10.1.2.3", bad: "1.2.3" },
  );
});

describe("queries", () => {
  checkCases(
    [
      ["u.query('foo')", ["bar", "b z", ""]],
      ["u.query('none')", new Fails("no query parameter")],
      ["default(u.query('none'), ['x'])", ["x"]],
      ["u.addQuery('a b', '1&2')", "/api?foo=bar&x=%zz&foo=b+z&foo&a%20b=1%262"],
      ["u.setQuery('foo', 'q')", "/api?x=%zz&foo=q"],
      ["'/p'.addQuery('a', '1')", "/p?a=1"],
      ["u.query(1)", fails],
      ["u.setQuery('a', 1)", fails],
    ],
    { u: "/api?foo=bar&x=%zz&foo=b+z&foo" },
  );
});

describe("chance and failure", () => {
  checkCases([
    ["fail('no')", new Fails("fail() was called: no")],
    ["coalesce(fail('no'), 1)", 1],
    ["default(fail(), 1)", fails],
    ["random() >= 0.0 && random() <= 1.0", true],
    ["uuid().matches('^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')", true],
  ]);

  test("each evaluation rolls again", () => {
    const expression = compileExpression("uuid()", { roots: [] });
    assert.notEqual(expression.evaluate({}), expression.evaluate({}));
  });
});
