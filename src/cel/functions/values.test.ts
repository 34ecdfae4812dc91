import { describe } from "node:test";
import { checkCases, fails, Fails } from "../../../test/conformance/cel/check-cases.ts";

describe("conversion", () => {
  checkCases([
    ["int('12') + int(12.9) + int(-0.5) + int(3u)", 27],
    ["int('12x')", new Fails("not the text of an int")],
    ["int('')", fails],
    ["int(9.3e18)", new Fails("overflow")],
    ["int(0.0 / 0.0)", fails],
    ["int(timestamp('1970-01-01T00:00:01.9Z'))", 1],
    ["uint(3.9) == 3u && uint('7') == 7u", true],
    ["uint(-1)", fails],
    ["uint(-0.5)", fails],
    ["double('1.5e3') + double(1)", 1501],
    ["string(double('inf')) + string(double('-Infinity')) + string(double('NaN'))", "+Inf-InfNaN"],
    ["double('1.5x')", fails],
    ["string(1.0) + string(1.5) + string(2u) + string(true) + string(b'ab')", "11.52trueab"],
    ["string(b'\\xff')", new Fails("UTF-8")],
    ["string([1])", fails],
    ["string(duration('90m')) + string(timestamp(0))", "5400s1970-01-01T00:00:00Z"],
    ["string(ip('::1')) + string(cidr('10.0.0.0/8'))", "::110.0.0.0/8"],
    ["bool('True') && !bool('0')", true],
    ["bool('yes')", fails],
    ["bytes('é') == b'\\xc3\\xa9'", true],
    ["dyn(1) == 1", true],
    ["type(type) == type && type(null) == null_type && type([]) == list && type({}) == map", true],
    ["type(timestamp(0)) == google.protobuf.Timestamp", true],
    ["type(optional.none()) == optional_type && type(ip('::1')) == net.IP", true],
  ]);
});

describe("time", () => {
  checkCases([
    ["duration('1h30m') + duration('1.5s') == duration('5401500ms')", true],
    ["duration('1')", fails],
    ["duration('300y')", fails],
    ["string(duration('-1.000000001s'))", "-1.000000001s"],
    ["timestamp('2026-11-22T10:00:00+02:00') == timestamp('2026-11-22T08:00:00Z')", true],
    ["string(timestamp('2026-11-22T10:00:00.120Z') + duration('1s'))", "2026-11-22T10:00:01.12Z"],
    ["timestamp('2026-02-30T00:00:00Z')", new Fails("no such day")],
    ["timestamp('yesterday')", new Fails("not a timestamp")],
    ["timestamp('2026-11-22T10:00:00Z') - timestamp('2026-11-22T09:00:00Z') == duration('1h')", true],
    ["timestamp('9999-12-31T23:59:59Z') + duration('1s')", new Fails("out of range")],
    ["timestamp(0) < timestamp(1) && duration('1s') < duration('2s')", true],
    ["timestamp('2026-11-22T23:30:05.678Z').getDayOfYear()", 325],
    ["timestamp('2026-11-22T23:30:05.678Z').getHours('+01:00')", 0],
    ["timestamp('2026-07-01T12:00:00Z').getHours('Europe/Berlin')", 14],
    ["timestamp('2026-12-01T12:00:00Z').getHours('Europe/Berlin')", 13],
    ["timestamp(0).getHours('Nowhere/City')", new Fails("unknown time zone")],
    ["timestamp('2026-11-22T00:00:00Z').getDayOfWeek()", 0],
    [
      "[timestamp('2026-11-22T23:30:05.678Z')].map(t, [t.getFullYear(), t.getMonth(), t.getDate(), t.getDayOfMonth(), t.getMinutes(), t.getSeconds(), t.getMilliseconds()])[0]",
      [2026, 10, 22, 21, 30, 5, 678],
    ],
    ["duration('3661s').getMinutes()", 61],
    ["duration('1h').getFullYear()", fails],
  ]);
});

describe("math", () => {
  checkCases([
    ["math.greatest(1, 2.5, 2u)", 2.5],
    ["math.least([3, 1, 2])", 1],
    ["math.greatest([])", fails],
    ["math.greatest('a')", fails],
    ["max(1, 3, 2) + min([4, 2])", 5],
    ["max('a', 'b')", "b"],
    ["math.ceil(1.2) + math.floor(1.8) + math.round(-2.5) + math.trunc(-1.9)", -1],
    ["math.ceil(1)", fails],
    ["math.abs(-3) + math.sign(-9)", 2],
    ["math.sqrt(16) == 4.0 && math.isNaN(math.sqrt(-1.0))", true],
    ["math.bitAnd(6, 3) + math.bitOr(4, 1) + math.bitXor(5, 1)", 11],
    ["math.bitShiftLeft(1, 63) < 0 && math.bitShiftRight(-1, 1) > 0", true],
    ["math.bitShiftLeft(1, -1)", new Fails("negative offset")],
    ["math.bitNot(0u) == 18446744073709551615u", true],
    ["math.isInf(1.0 / 0.0) && !math.isFinite(0.0 / 0.0)", true],
  ]);
});

describe("lists and maps", () => {
  checkCases([
    ["[1, 2, 3].slice(1, 3)", [2, 3]],
    ["[1].slice(0, 2)", fails],
    ["[1, [2, [3]]].flatten()", [1, 2, [3]]],
    ["[1, [2, [3]]].flatten(2)", [1, 2, 3]],
    ["[3, 1, 2].sort()", [1, 2, 3]],
    ["[1, 'a'].sort()", fails],
    ["[1, 1.0, 1u, 'a', 'a', [1], [1.0]].distinct()", [1, "a", [1]]],
    ["[1, 2].reverse()", [2, 1]],
    ["lists.range(3)", [0, 1, 2]],
    ["lists.range(9999999)", fails],
    ["[1, 2].first().value() + [1, 2].last().value()", 3],
    ["[].first().hasValue()", false],
    ["sets.contains([1, 2], [2]) && sets.intersects([1], [1.0]) && sets.equivalent([1, 1], [1])", true],
    ["sets.contains([1], [2])", false],
    ["{'a': 2, 'k': 'v'}.merge({'a': 3})", { a: 3, k: "v" }],
    ["{1: 'a', 1u: 'b'}", new Fails("repeated key")],
    ["{1.5: 'a'}", new Fails("unsupported key type")],
    ["{1: 'a'}[1.0] + {1u: 'b'}[1]", "ab"],
    ["size({'a': 1}) + size([1]) + size(b'ab')", 4],
    ["[1] + [2]", [1, 2]],
    ["'a' in {'a': null} && !('b' in {'a': 1}) && 1.0 in [1]", true],
    ["1 in 2", fails],
    ["{'a': [1, {'b': null}]} == {'a': [1.0, {'b': null}]}", true],
  ]);
});

describe("optionals", () => {
  checkCases([
    ["{'a': 1}.?a.orValue(2) + {}.?a.orValue(2)", 3],
    ["{'a': {'b': 1}}.?a.b.value()", 1],
    ["{'a': {'b': 1}}.a[?'c'].hasValue()", false],
    ["optional.none().value()", new Fails("empty")],
    ["optional.of(1).or(optional.of(2)).value()", 1],
    ["optional.none().or(1)", fails],
    ["optional.ofNonZeroValue('').hasValue() || optional.ofNonZeroValue({}).hasValue()", false],
    ["[?optional.none(), ?optional.of(1)]", [1]],
    ["{?'a': optional.none(), ?'b': optional.of(1)}", { b: 1 }],
    ["[?1]", new Fails("must be optional")],
    ["[optional.of(1), optional.none()].unwrapOpt()", [1]],
    ["optional.unwrap([1])", fails],
    ["optional.of(2).optMap(x, x * 2).value()", 4],
    ["optional.of({'a': 1}).optFlatMap(x, x.?b).hasValue()", false],
    ["1.0.hasValue()", fails],
    ["has({'a': 1}.?a.b)", fails],
  ]);
});
