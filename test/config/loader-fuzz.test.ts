import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError } from "../../src/config/issues.ts";
import { loadConfig } from "../../src/config/load.ts";

/** Whatever the text: a configuration, or a ConfigError that points into the text; and soon. */
function loadsOrComplains(text: string): void {
  const start = performance.now();
  try {
    loadConfig(text, { file: "f", environment: { A: "a: [", B: "\n- b", C: "" } });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = text.split("\n");
    assert.ok(error.issues.length > 0);
    for (const { line, column, message } of error.issues) {
      assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
      assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column}`);
      assert.match(message, /\S/);
    }
  }
  assert.ok(performance.now() - start < 5000, "takes too long");
}

const seed = 20_261_010;

test("any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), loadsOrComplains), { seed, numRuns: 500 });
});

test("text that looks like a configuration", () => {
  const words = [
    "mcp:",
    "llm:",
    "binds:",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "targets",
    "policies: ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ": ",
    "'",
    '"',
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: ",
    "!x ",
    "? ",
    "# ",
    "$A",
    "${B}",
    "${C:-x}",
    "$$",
    "${",
    "---\n",
    "...",
    "%YAML 1.1\n",
    "null",
    "1",
    "0x1f",
    "3e400",
    "name",
    "port",
    "\r\n",
    "\u0000",
    "\u2028",
    "\uD800",
    "\uFEFF",
    "__proto__: ",
    "-",
    "@",
    "`",
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join("")),
      loadsOrComplains,
    ),
    { seed, numRuns: 2000 },
  );
});

test("sections of any shape", () => {
  const keys = [
    "config",
    "binds",
    "gateways",
    "routes",
    "mcp",
    "llm",
    "listeners",
    "policies",
    "targets",
    "backends",
    "conditional",
    "name",
    "port",
    "jwtAuth",
    "rules",
    "__proto__",
    "constructor",
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "large" },
      fc.constantFrom<unknown>(null, true, 0, -1, 1.5, "", "a", "*"),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("tree"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => loadsOrComplains(JSON.stringify(value))),
    { seed, numRuns: 1000 },
  );
});

for (const [name, text] of [
  ["many variables", "$$".repeat(100_000)],
  ["many open braces of variables", "${".repeat(100_000)],
  ["many comments", "#\n".repeat(100_000)],
  ["many keys", Array.from({ length: 5000 }, (_, index) => `k${index}: 1`).join("\n")],
  ["many unknown keys in one place", `mcp: {targets: [], ${Array.from({ length: 3000 }, (_, index) => `k${index}: 1`).join(", ")}}`],
  ["many open brackets", "[".repeat(50_000)],
  ["many dashes", "- ".repeat(20_000)],
  [
    "many anchors and aliases",
    Array.from({ length: 5000 }, (_, index) => `k${index}: &a${index} [*a${Math.max(index - 1, 0)}]`).join("\n"),
  ],
] as const) {
  test(`${name} take no more than their time`, () => loadsOrComplains(text));
}
