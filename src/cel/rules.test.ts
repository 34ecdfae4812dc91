import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compileExpression } from "./compile.ts";
import { compileRules, type Rule, type RuleKind } from "./rules.ts";

const rule = (kind: RuleKind, source: string): Rule =>
  ({ kind, [kind]: compileExpression(source, { roots: ["jwt", "request", "mcp"] }) }) as unknown as Rule;
const activation = { jwt: { sub: "alice", groups: ["dev"] }, request: { path: "/x" } };
const yes = "jwt.sub == 'alice'";
const no = "jwt.sub == 'bob'";
const failing = "jwt.missing.field";
const noBool = "jwt.sub";

describe("compileRules", () => {
  const cases: [why: string, sets: [RuleKind, string][][], allowed: boolean][] = [
    ["no rules", [], true],
    ["an empty set", [[]], true],
    ["an allow that holds", [[["allow", yes]]], true],
    ["an allow that does not", [[["allow", no]]], false],
    [
      "one of several allows",
      [
        [
          ["allow", no],
          ["allow", yes],
        ],
      ],
      true,
    ],
    [
      "a deny that holds, whatever is allowed",
      [
        [
          ["allow", yes],
          ["deny", yes],
        ],
      ],
      false,
    ],
    ["only denies, none holds", [[["deny", no]]], true],
    ["a require that holds", [[["require", yes]]], true],
    [
      "a require that does not, whatever is allowed",
      [
        [
          ["allow", yes],
          ["require", no],
        ],
      ],
      false,
    ],
    [
      "requires and allows, no allow holds",
      [
        [
          ["require", yes],
          ["allow", no],
        ],
      ],
      false,
    ],
    ["allows of another place", [[["allow", no]], [["allow", yes]]], true],
    ["denies of another place", [[["allow", yes]], [["deny", yes]]], false],
    ["requires of another place", [[["allow", yes]], [["require", no]]], false],
    ["a failing deny, which denies nothing", [[["deny", failing]]], true],
    ["a failing allow", [[["allow", failing]]], false],
    ["a failing require", [[["require", failing]]], false],
    ["a deny that is no bool", [[["deny", noBool]]], true],
    ["an allow that is no bool", [[["allow", noBool]]], false],
    ["a variable that is not there", [[["allow", "mcp.tool.name == 'x'"]]], false],
  ];
  for (const [why, sets, allowed] of cases) {
    it(`${allowed ? "allows" : "refuses"}: ${why}`, () => {
      const compiled = compileRules(sets.map((rules) => ({ rules: rules.map(([kind, source]) => rule(kind, source)) })));
      assert.equal(compiled.allows(activation), allowed);
      assert.equal(compiled.empty, sets.flat().length === 0);
    });
  }

  it("tells about failing rules, by their own text", () => {
    const failures: string[] = [];
    const compiled = compileRules([{ rules: [rule("deny", failing), rule("allow", noBool)] }], ({ kind, source }, error) =>
      failures.push(`${kind} ${source}: ${error}`),
    );
    compiled.allows(activation);
    assert.equal(failures.length, 2);
    assert.match(failures[0]!, /^deny jwt\.missing\.field: 1:\d+: /);
    assert.match(failures[1]!, /^allow jwt\.sub: .*neither true nor false/);
  });

  it("explains every rule, also those that the decision did not need", () => {
    const compiled = compileRules([{ rules: [rule("deny", yes), rule("allow", failing)] }]);
    const outcomes = compiled.explain(activation);
    assert.deepEqual(
      outcomes.map(({ kind, holds }) => [kind, holds]),
      [
        ["deny", true],
        ["allow", false],
      ],
    );
    assert.equal(outcomes[0]!.error, undefined);
    assert.match(outcomes[1]!.error!, /missing/);
  });

  it("knows what its rules read", () => {
    const compiled = compileRules([{ rules: [rule("allow", yes)] }, { rules: [rule("deny", "request.body.size() > 5")] }]);
    assert.deepEqual([compiled.reads.reads("request.body"), compiled.reads.reads("response.body")], [true, false]);
  });

  it("never lets somebody in whom a deny or a require shuts out, however the rules are spread", () => {
    const rules = fc.array(fc.tuple(fc.constantFrom<RuleKind>("allow", "deny", "require"), fc.constantFrom(yes, no, failing)), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 3 }), (sets) => {
        const allowed = compileRules(sets.map((set) => ({ rules: set.map(([kind, source]) => rule(kind, source)) }))).allows(activation);
        const all = sets.flat();
        const shut = all.some(([kind, source]) => (kind === "deny" && source === yes) || (kind === "require" && source !== yes));
        const allows = all.filter(([kind]) => kind === "allow");
        assert.equal(allowed, !shut && (allows.length === 0 || allows.some(([, source]) => source === yes)));
      }),
    );
  });
});
