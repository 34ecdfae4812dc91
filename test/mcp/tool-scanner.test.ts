import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readDefinition } from "../../src/mcp/integrity/definition.ts";
import { examine } from "../../src/mcp/integrity/examine.ts";
import { type Finding, isGrave } from "../../src/mcp/integrity/findings.ts";
import { hiddenIn, visible } from "../../src/mcp/integrity/hidden-text.ts";
import { ToolNames } from "../../src/mcp/integrity/tool-names.ts";
import { benign, malicious, otherTools, type Sample } from "./tool-descriptions.ts";

function scene(): ToolNames {
  const names = new ToolNames();
  for (const [target, tool] of otherTools) names.note(target, tool, `${target}_${tool}`);
  return names;
}

function look({ name, description }: Sample, more: object = {}): Finding[] {
  const names = scene();
  names.note("own", name, `own_${name}`);
  names.note("own", "list_allowed_directories", "own_list_allowed_directories");
  const tool = { name, description, inputSchema: { type: "object" }, ...more };
  return examine({ kind: "tool", target: "own", name }, readDefinition("tool", Buffer.from(JSON.stringify(tool))), names);
}

test("malicious definitions are found, and everyday ones are left alone", (t) => {
  const missed = malicious.filter((sample) => !look(sample).some(isGrave));
  const wrong = benign.flatMap((sample) => look(sample).map((finding) => ({ ...sample, finding })));
  const recall = 1 - missed.length / malicious.length;
  const falsePositives = new Set(wrong.map(({ description }) => description)).size / benign.length;
  t.diagnostic(`recall ${recall.toFixed(3)} of ${malicious.length}, false positives ${falsePositives.toFixed(3)} of ${benign.length}`);
  assert.ok(recall >= 0.97, `missed: ${JSON.stringify(missed.map(({ name, description }) => visible(`${name}: ${description}`)))}`);
  assert.ok(falsePositives <= 0.02, `flagged: ${JSON.stringify(wrong, undefined, 1)}`);
});

test("what hides in schemas, titles and keys is found where it stands", () => {
  const hidden = "a\u200bb";
  for (const [more, place] of [
    [{ title: hidden }, "title"],
    [{ inputSchema: { properties: { path: { description: hidden } } } }, "inputSchema.properties.path.description"],
    [{ inputSchema: { properties: { x: { enum: ["fine", hidden] } } } }, "inputSchema.properties.x.enum[1]"],
    [{ outputSchema: { properties: { [hidden]: {} } } }, "outputSchema.properties (a key)"],
    [{ annotations: { title: hidden } }, "annotations.title"],
  ] as const) {
    const [finding] = look({ name: "t", description: "d" }, more);
    assert.equal(finding?.kind, "hiddenText");
    assert.ok(finding.detail.startsWith(place), finding.detail);
  }
});

test("what tag characters spell is told", () => {
  const tags = Array.from("obey", (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join("");
  assert.equal(hiddenIn(`x${tags}`), '4 tag characters; the tags spell "obey"');
});

test("a tool that is called like another target's is told apart from one that only looks like it", () => {
  const kinds = (name: string): string[] => look({ name, description: "d" }).map(({ kind }) => kind);
  assert.deepEqual(kinds("send_email"), ["sameName"]);
  assert.deepEqual(kinds("sendEmail"), ["sameName"]);
  assert.deepEqual(kinds("sеnd_email"), ["confusableName"]);
  assert.deepEqual(kinds("post_email"), []);
});

test("the imitated tool is not blamed for its imitation", () => {
  const names = scene();
  names.note("own", "sеnd_email", "own_sеnd_email");
  assert.deepEqual(names.alike("mail", "send_email"), []);
  assert.equal(names.alike("own", "sеnd_email")[0]?.kind, "confusableName");
});

test("long definitions are looked through up to a bound, and said to be so", () => {
  const findings = look({ name: "t", description: "word ".repeat(200_000) });
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ["oversized"],
  );
});

test("a text full of names costs no more than a bound, and is held back", () => {
  const names = scene();
  const start = performance.now();
  const findings = names.mentions("own", "description", "`list` ".repeat(30_000));
  assert.match(findings[0]?.detail ?? "", /more than 200 times/);
  assert.ok(performance.now() - start < 1_000);
});

test("any text can be looked through; what is found is written out in what people see", () => {
  const names = scene();
  const unit = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 8 }).map((points) => String.fromCodePoint(...points)),
    fc.constantFrom("send_email", "\u200d", "\u{e0041}", "\ufe0f", "👩", "\u202e", "must", " "),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 30 }), (parts) => {
      const text = parts.join("");
      const hidden = hiddenIn(text);
      assert.equal(hiddenIn(visible(text)), undefined);
      for (const { detail } of names.mentions("own", "description", text)) assert.equal(hiddenIn(detail), undefined);
      if (hidden !== undefined) assert.notEqual(visible(text), text);
      if (/^[\x20-\x7e]*$/.test(text)) assert.equal(hidden, undefined);
    }),
    { numRuns: 1_000 },
  );
});

test("the names of many targets are bounded", () => {
  const names = new ToolNames();
  for (let i = 0; i < 60_000; i++) names.note(`t${i % 7}`, `tool_${i}`, `x_tool_${i}`);
  const before = names.versionFor("other");
  names.note("t1", "one_more", "x_one_more");
  assert.equal(names.versionFor("other"), before);
});
