import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isLonger, longName, mayBeginWith, mayBeShort, minNameLength, shortName } from "./short-name.ts";

test("the forms, for good: agents have them in their settings", () => {
  assert.equal(
    shortName("github", "search_repositories_by_topic_language_and_number_of_stars_or_forks", 64),
    "github_search_repositories_by_topic_language_and_numb_hb8vghfvgp",
  );
  assert.equal(shortName("a-server-with-quite-a-name", "list_open_pull_requests", 40), "a-server-with-_list_open_pull_782cvnhipd");
  assert.equal(shortName("t".repeat(80), "go", 32), "tttttttttttttttttt_go_rl7lphmalb");
  assert.equal(shortName(undefined, "x".repeat(65), 64), `${"x".repeat(53)}_93dhvh5gag`);
});

const name = fc.oneof(
  fc.string({ unit: "binary", minLength: 130, maxLength: 200, size: "max" }),
  fc.string({ unit: fc.constantFrom("a", "b", "X", "0", "1", "_", ".", "-"), maxLength: 200, size: "max" }),
);
const target = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,80}[a-z0-9])?$/, { size: "max" });
const length = fc.integer({ min: minNameLength, max: 128 });

test("fuzz: a short form has just the characters it may have, no new ones, and is known as one", () => {
  fc.assert(
    fc.property(fc.option(target, { nil: undefined }), name, length, (owner, own, budget) => {
      const long = longName(owner, own);
      fc.pre(isLonger(long, budget));
      const short = shortName(owner, own, budget);
      assert.equal(Array.from(short).length, budget);
      assert.equal(shortName(owner, own, budget), short);
      assert.ok(mayBeShort(short, budget));
      const body = short.slice(0, -11);
      for (const character of body) assert.ok(character === "_" || long.includes(character), character);
      if (owner === undefined) assert.ok(own.startsWith(body));
      else {
        const beginning = short.slice(0, short.indexOf("_"));
        assert.ok(owner.startsWith(beginning) && beginning.length > 0);
        assert.ok(own.startsWith(body.slice(beginning.length + 1)));
        assert.ok(mayBeginWith(owner, beginning, budget));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("names that differ anywhere, in lone surrogates too, have different short forms", () => {
  const long = "n".repeat(100);
  const others = [`${long}1`, `${long}2`, `${long}\ud800`, `${long}\ud801`, `${long}\ufffd`];
  assert.equal(new Set(others.map((one) => shortName("t", one, 64))).size, others.length);
});

test("characters are counted as code points", () => {
  assert.equal(isLonger("🙂".repeat(64), 64), false);
  assert.equal(isLonger("🙂".repeat(65), 64), true);
  assert.equal(Array.from(shortName("t", "🙂".repeat(70), 64)).length, 64);
});
