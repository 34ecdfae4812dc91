import assert from "node:assert/strict";
import { test } from "node:test";
import { promptOf } from "./prompt.ts";

const cases: [what: string, request: Readonly<Record<string, unknown>>, expected: [role: string, content: string][] | undefined][] = [
  [
    "OpenAI chat",
    {
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "u" },
      ],
    },
    [
      ["system", "s"],
      ["user", "u"],
    ],
  ],
  [
    "Anthropic",
    { system: [{ type: "text", text: "s" }], messages: [{ role: "user", content: [{ type: "image" }, { type: "text", text: "u" }] }] },
    [
      ["system", "s"],
      ["user", "u"],
    ],
  ],
  [
    "Responses, text",
    { instructions: "i", input: "u" },
    [
      ["system", "i"],
      ["user", "u"],
    ],
  ],
  ["Responses, items", { input: [{ role: "user", content: [{ type: "input_text", text: "u" }] }] }, [["user", "u"]]],
  ["completions", { prompt: "p" }, [["user", "p"]]],
  [
    "embeddings",
    { input: ["a", "b"] },
    [
      ["user", "a"],
      ["user", "b"],
    ],
  ],
  [
    "Gemini",
    { systemInstruction: { parts: [{ text: "s" }] }, contents: [{ parts: [{ text: "a" }, { text: "b" }] }] },
    [
      ["system", "s"],
      ["user", "a\nb"],
    ],
  ],
  ["no prompt", { model: "m" }, undefined],
  ["nonsense", { messages: [null, 1, { role: 5 }] }, []],
];

for (const [what, request, expected] of cases) {
  test(`the prompt of a request: ${what}`, () => {
    assert.deepEqual(
      promptOf(request)?.map(({ role, content }) => [role, content]),
      expected,
    );
  });
}
