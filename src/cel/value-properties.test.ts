import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { compare, compareStrings, equals } from "./compare.ts";
import { CelMap, mapGet, mapKeys } from "./map.ts";
import { parseAddress, parseNetwork } from "./network.ts";
import { arithmetic, isInt, toDouble, toInt, toUint } from "./numbers.ts";
import { CelDuration, CelTimestamp, parseDuration, parseTimestamp } from "./time.ts";
import { CelError, CelUint } from "./value.ts";
import type { Value } from "./value.ts";

const settings = { numRuns: 1_000, seed: 20261122 };
const edges = [0n, 1n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)];
const ints = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-100n, 100n), fc.constantFrom(...edges));

test("int arithmetic is that of 64-bit integers", () => {
  const operators = fc.constantFrom("+", "-", "*", "/", "%");
  fc.assert(
    fc.property(ints, operators, ints, (a, operator, b) => {
      const exact = {
        "+": () => a + b,
        "-": () => a - b,
        "*": () => a * b,
        "/": () => (b === 0n ? undefined : a / b),
        "%": () => (b === 0n ? undefined : a % b),
      };
      const expected = exact[operator]();
      const result = arithmetic(operator, toInt(a), toInt(b));
      if (expected === undefined || expected < -(2n ** 63n) || expected >= 2n ** 63n) assert.ok(result instanceof CelError);
      else assert.ok(isInt(result) && BigInt(result) === expected);
    }),
    settings,
  );
});

test("comparing numbers of any types orders them", () => {
  const numbers = fc.oneof(ints.map(toInt), fc.bigInt(0n, 2n ** 64n - 1n).map(toUint), fc.double({ noNaN: true }).map(toDouble));
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      assert.equal(Number(compare(a, b)), -Number(compare(b, a)) + 0);
      assert.equal(equals(a, b), compare(a, b) === 0);
    }),
    settings,
  );
});

test("strings are ordered by code point", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "\uffff", "\ue000", "🐱", "😀", "z"), maxLength: 5 });
  const points = (text: string): number[] => Array.from(text, (char) => char.codePointAt(0) as number);
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      const [left, right] = [points(a), points(b)];
      const at = left.findIndex((point, i) => point !== right[i]);
      const expected = at < 0 ? left.length - right.length : at >= right.length ? 1 : (left[at] as number) - (right[at] as number);
      assert.equal(Math.sign(compareStrings(a, b)), Math.sign(expected));
    }),
    settings,
  );
});

test("numbers that are equal are one key", () => {
  const map = new CelMap();
  assert.equal(map.add(1, "int"), undefined);
  assert.ok(map.add(new CelUint(1n), "uint") instanceof CelError);
  assert.equal(map.add(2n ** 60n, "big"), undefined);
  assert.equal(map.add(true, "bool"), undefined);
  assert.equal(map.add("1", "text"), undefined);
  const found = [1, new CelUint(1n), toDouble(1), toUint(2n ** 60n), true, "1", toDouble(1.5), null].map((key) =>
    mapGet(map, key as Value),
  );
  assert.deepEqual(found, ["int", "int", "int", "big", "bool", "text", undefined, undefined]);
  assert.deepEqual(mapKeys(map), [1, 2n ** 60n, true, "1"]);
});

test("timestamps and durations read what they print", () => {
  const nanos = fc.bigInt(-62_135_596_800_000_000_000n, 253_402_300_799_999_999_999n);
  fc.assert(
    fc.property(nanos, (epochNanos) => {
      const read = parseTimestamp(new CelTimestamp(epochNanos).toString());
      assert.ok(read instanceof CelTimestamp);
      assert.equal(read.epochNanos, epochNanos);
    }),
    settings,
  );
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n), (length) => {
      const read = parseDuration(new CelDuration(length).toString());
      assert.ok(read instanceof CelDuration);
      assert.equal(read.nanos, length);
    }),
    settings,
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."0123456789-+T:.Zhmsnµ".split("")) }),
      (text) => void [parseTimestamp(text), parseDuration(text)],
    ),
    settings,
  );
  assert.equal(CelDuration.fromMilliseconds(1_500.25).milliseconds, 1_500.25);
  assert.equal(CelTimestamp.fromMilliseconds(-1).toString(), "1969-12-31T23:59:59.999Z");
});

test("addresses read what they print, in one spelling only", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseAddress(text);
      if (address === undefined) return assert.ok(text.includes(".") && isIPv6(text));
      const again = parseAddress(address.toString());
      assert.ok(again?.equals(address));
      assert.equal(again?.toString(), address.toString());
      const network = parseNetwork(`${text}/${address.width / 2}`);
      assert.ok(network?.contains(address) && network.masked().contains(address));
    }),
    settings,
  );
  for (const text of ["", "1.2.3", "1.2.3.04", "::1%lo", "::ffff:1.2.3.4", "1::2::3", "12345::"])
    assert.equal(parseAddress(text), undefined, text);
  for (const text of ["1.2.3.4", "1.2.3.4/33", "1.2.3.4/08", "::/129", "/8", "1.2.3.4/-1"])
    assert.equal(parseNetwork(text), undefined, text);
  assert.equal(parseAddress("1:0:0:2:0:0:0:3")?.toString(), "1:0:0:2::3");
  assert.equal(parseAddress("0:1:0:1:0:1:0:1")?.toString(), "0:1:0:1:0:1:0:1");
});
