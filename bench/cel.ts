/**
 * What evaluating the expressions of the documentation costs: ns per evaluation, and as a ratio to the same thing written
 * in JavaScript and to @bufbuild/cel, all measured in this run. Fails when the budget is exceeded.
 */
import { celEnv, parse as bufbuildParse, plan } from "@bufbuild/cel";
import type { CelInput } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { compileExpression } from "../src/cel/compile.ts";
import { CelError } from "../src/cel/value.ts";

interface Case {
  readonly expression: string;
  readonly activation: Readonly<Record<string, unknown>>;
  readonly byHand: (activation: never) => unknown;
  /** Whether @bufbuild/cel can evaluate it. */
  readonly standard: boolean;
  /** Nanoseconds it may take. */
  readonly budget?: number;
}

const jwt = { sub: "u1", email: "someone@x.io", email_verified: true, groups: ["dev", "ops"] };
const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "search", arguments: { product: "gateway" } } });
const vertexPath = "/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict";

interface Shape {
  jwt: typeof jwt;
  request: { path: string; headers: Record<string, string>; body: string };
  llmRequest: { model: string };
  mcp: { tool: { name: string } };
}

const activation: Shape = {
  jwt,
  request: { path: vertexPath, headers: { "x-solo-org": "acme", accept: "*/*" }, body },
  llmRequest: { model: "anthropic/claude" },
  mcp: { tool: { name: "echo" } },
};

const claims: Case = {
  expression: 'jwt.email.endsWith("@x.io") && jwt.email_verified == true',
  activation: { ...activation },
  byHand: ({ jwt }: Shape) => jwt.email.endsWith("@x.io") && jwt.email_verified,
  standard: true,
  budget: 500,
};

const cases: readonly Case[] = [
  claims,
  {
    ...claims,
    activation: { ...activation, jwt: { sub: "u1" } },
    byHand: ({ jwt }: Shape) => (jwt.email === undefined ? undefined : jwt.email.endsWith("@x.io")),
  },
  {
    expression: 'request.headers["x-solo-org"]',
    activation: { ...activation },
    byHand: ({ request }: Shape) => request.headers["x-solo-org"],
    standard: true,
    budget: 500,
  },
  {
    expression: 'mcp.tool.name == "echo" && jwt.sub in ["u1", "u2", "u3"]',
    activation: { ...activation },
    byHand: ({ mcp, jwt }: Shape) => mcp.tool.name === "echo" && ["u1", "u2", "u3"].includes(jwt.sub),
    standard: true,
    budget: 500,
  },
  {
    expression: 'llmRequest.model.stripPrefix("anthropic/")',
    activation: { ...activation },
    byHand: ({ llmRequest: { model } }: Shape) => (model.startsWith("anthropic/") ? model.slice(10) : model),
    standard: false,
    budget: 500,
  },
  {
    expression: 'jwt.groups.exists(g, g == "ops")',
    activation: { ...activation },
    byHand: ({ jwt }: Shape) => jwt.groups.some((group) => group === "ops"),
    standard: true,
    budget: 1_000,
  },
  {
    expression: 'default(json(request.body).params.arguments.product, "not-applicable")',
    activation: { ...activation },
    byHand: ({ request }: Shape) => (JSON.parse(request.body) as { params: { arguments: { product: string } } }).params.arguments.product,
    standard: false,
  },
  {
    expression: 'request.path.regexReplace("^.*/publishers/anthropic/models/(.+?):.*", "${1}")',
    activation: { ...activation },
    byHand: ({ request }: Shape) => request.path.replace(/^.*\/publishers\/anthropic\/models\/(.+?):.*/, "$1"),
    standard: false,
  },
];

/** Keeps results alive, so that no loop is optimised away. */
let kept: unknown;

/** Best of several rounds, in nanoseconds a call: the others were disturbed. */
function measure(call: () => unknown): number {
  let best = Infinity;
  for (let round = 0; round < 8; round++) {
    const started = performance.now();
    let calls = 0;
    while (performance.now() - started < 25) for (let i = 0; i < 200; i++, calls++) kept = call();
    best = Math.min(best, ((performance.now() - started) * 1e6) / calls);
  }
  return best;
}

const row = (...cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(76) : cell.padStart(12))).join("");
const lines: string[] = [row("expression", "ns", "x by hand", "x bufbuild", "compile us")];
let failed = false;
for (const { expression, activation, byHand, standard, budget } of cases) {
  const compiled = compileExpression(expression);
  const ours = measure(() => compiled.evaluate(activation));
  const hand = measure(() => byHand(activation as never));
  const compileUs = measure(() => compileExpression(expression)) / 1_000;
  let bufbuild = "-";
  if (standard) {
    const evaluate = plan(celEnv({ funcs: strings }), bufbuildParse(expression));
    const theirs = measure(() => evaluate(activation as Record<string, CelInput>));
    bufbuild = (ours / theirs).toFixed(3);
  }
  const over = budget !== undefined && ours > budget;
  failed ||= over;
  const label = compiled.evaluate(activation) instanceof CelError ? `${expression} (fails)` : expression;
  lines.push(
    row(label.slice(0, 74), ours.toFixed(0), (ours / hand).toFixed(1), bufbuild, compileUs.toFixed(1)) +
      (over ? `  over ${budget} ns` : ""),
  );
}
process.stdout.write(`${lines.join("\n")}\n`);
if (failed) process.exitCode = 1;
if (kept === process) throw new Error("unreachable: keeps the results in use");
