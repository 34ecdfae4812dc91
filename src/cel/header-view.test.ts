import { describe } from "node:test";
import { checkCases, fails, Fails } from "../../test/conformance/cel/check-cases.ts";
import { HeaderList } from "../base/headers.ts";
import { HeaderView } from "./header-view.ts";

const list = new HeaderList([
  "accept",
  "a,b",
  "x-one",
  "z",
  "accept",
  " c",
  "authorization",
  "Bearer secret",
  "cookie",
  'session="abc"; theme=dark',
  "cookie",
  "theme=light; flag",
]);

describe("header views", () => {
  checkCases(
    [
      ["h['x-one']", "z"],
      ["h['X-One']", "z"],
      ["h.accept", ["a,b", " c"]],
      ["h['x-two']", new Fails("no such key: x-two")],
      ["has(h.accept) && !has(h.nope)", true],
      ["h.raw()['x-one']", ["z"]],
      ["h.raw().accept", ["a,b", " c"]],
      ["h.join().accept", "a,b, c"],
      ["h.join()['x-one']", "z"],
      ["h.split().accept", ["a", "b", "c"]],
      ["h.split().raw().accept", ["a,b", " c"]],
      ["h.authorization", "Bearer secret"],
      ["h.redacted().authorization", "<redacted>"],
      ["h.redacted().accept", ["a,b", " c"]],
      ["h.redacted().split().cookie", ["<redacted>", "<redacted>"]],
      ["h.redacted().unredacted().authorization", "Bearer secret"],
      ["h.cookie('session') + h.cookie('theme')", "abcdark"],
      ["h.cookie('flag')", new Fails("no cookie of that name")],
      ["default(h.cookie('nope'), 'x')", "x"],
      ["h.redacted().cookie('session')", "<redacted>"],
      ["h.map(name, name)", ["accept", "x-one", "authorization", "cookie"]],
      ["size(h)", 4],
      ["h.cookie(1)", fails],
      ["'x'.raw()", fails],
      ["1.0.redacted()", fails],
      ["h.join('-')", fails],
    ],
    { h: new HeaderView(list) },
  );
});
