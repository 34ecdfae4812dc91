import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { asksAboutRequest, asksAboutResponse, type MethodPhases, type Phase, phaseFor, uselessPhases } from "./patterns.ts";

describe("the phase of a method", () => {
  const phases: MethodPhases = {
    "*": "request",
    "*/list": "response",
    "*ools/list": "off",
    "tools/*": "full",
    "tools/c*": "response",
    "tools/call": "off",
  };
  for (const [method, phase] of [
    ["tools/call", "off"],
    ["tools/cancel", "response"],
    ["tools/list", "full"], // a prefix comes before any suffix
    ["prompts/list", "response"],
    ["pools/list", "off"], // the longer suffix
    ["ping", "request"],
    ["*", "request"],
    ["", "request"],
  ] as const) {
    it(`of ${method || "nothing"} is ${phase}`, () => assert.equal(phaseFor(phases, method), phase));
  }

  it("is off where nothing fits", () => {
    for (const method of ["tools/call", "constructor", "__proto__", "toString"])
      assert.equal(phaseFor({ "prompts/*": "full" }, method), "off");
  });

  it("is the most precise pattern's, whatever the order", () => {
    const part = fc.stringMatching(/^[ab/]{0,4}$/);
    const pattern = fc.oneof(
      part,
      part.map((text) => `${text}*`),
      part.map((text) => `*${text}`),
      fc.stringMatching(/^[ab*]{0,5}$/),
    );
    const phase = fc.constantFrom<Phase>("off", "request", "response", "full");
    fc.assert(
      fc.property(fc.dictionary(pattern, phase, { noNullPrototype: true }), part, (given, method) => {
        const found = phaseFor(given, method);
        assert.equal(found, simplest(given, method));
        assert.equal(phaseFor(Object.fromEntries(Object.entries(given).toReversed()), method), found);
      }),
      { numRuns: 500 },
    );
  });
});

/** The rule as it is told: exact, then the longest prefix, then the longest suffix, then `*`. */
function simplest(phases: MethodPhases, method: string): Phase {
  const exact = Object.entries(phases).find(([key]) => !key.includes("*") && key === method);
  const one = Object.entries(phases).filter(([key]) => key !== "*" && key.split("*").length === 2);
  const longest = (keys: typeof one): typeof one => keys.toSorted(([a], [b]) => b.length - a.length);
  const prefixes = longest(one.filter(([key]) => key.endsWith("*") && method.startsWith(key.slice(0, -1))));
  const suffixes = longest(one.filter(([key]) => key.startsWith("*") && method.endsWith(key.slice(1))));
  return (exact ?? prefixes[0] ?? suffixes[0])?.[1] ?? phases["*"] ?? "off";
}

describe("what a processor is asked about", () => {
  it("is the request, the response or both", () => {
    const both = (phase: Phase): boolean[] => [asksAboutRequest({ m: phase }, "m"), asksAboutResponse({ m: phase }, "m")];
    assert.deepEqual(
      [both("off"), both("request"), both("response"), both("full")],
      [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ],
    );
  });

  it("is never the request of a subscription or a completion", () => {
    for (const method of ["resources/subscribe", "resources/unsubscribe", "completion/complete"]) {
      assert.deepEqual([asksAboutRequest({ "*": "full" }, method), asksAboutResponse({ "*": "full" }, method)], [false, true]);
    }
  });

  it("is said when it can be nothing", () => {
    assert.deepEqual(uselessPhases({ "tools/call": "full", "*/list": "response", "*": "response" }), []);
    assert.match(uselessPhases({}).join(), /never asked/);
    assert.match(uselessPhases({ "tools/*": "off" }).join(), /never asked/);
    assert.match(uselessPhases({ "*": "full" }).join(), /requests of resources\/subscribe, .* not shown/);
    assert.equal(
      uselessPhases({ a: "full", "a*b": "full", "**": "off", "": "full" }).filter((text) => /fits no method/.test(text)).length,
      3,
    );
  });
});
