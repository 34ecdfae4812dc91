import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isJsonObject, type JsonObject, objectIn } from "../../base/json.ts";
import { AmbiguousKey } from "../json-view.ts";
import { metaKeys, readEnvelope, versionInMeta } from "../wire/2026-07-28/envelope.ts";
import { filterMembers, passesFilter, readFilter, tagged } from "../wire/2026-07-28/listen.ts";
import { renumber } from "./renumber.ts";
import { readInputRequired, toSessionRequest, toSessionResponse, toStatelessRequest, toStatelessResponse } from "./translate.ts";

const plain =
  "id method params result error code _meta __proto__ constructor Params _META par\\u0061ms inputResponses inputRequests requestState".split(
    " ",
  );
const more =
  "resultType ttlMs cacheScope progressToken notifications uri tools outputSchema type structuredContent resourceSubscriptions toolsListChanged".split(
    " ",
  );
const names = ["", ...plain, ...more, ...Object.values(metaKeys)];
const scalars = 'null true -0 1e400 9007199254740993 0.10 -32002 -32042 "input_required" "complete" "\\ud800" "\\u00e9\\"" "own"'.split(
  " ",
);
const methods = ['"notifications/progress"', '"notifications/resources/updated"', '"tools/call"'];
const space = fc.constantFrom("", " ", "\n\t");

/** JSON texts as senders of any kind write them: keys repeated, in other cases, escaped; numbers that no double holds. */
const { value, object } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constantFrom(...scalars, ...methods), tie("object"), tie("array")),
  array: fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
  object: fc
    .array(fc.tuple(fc.constantFrom(...names), tie("value"), space), { maxLength: 6 })
    .map((members) => `{${members.map(([name, text, gap]) => `${gap}"${name}"${gap}:${gap}${text}${gap}`).join(",")}}`),
}));
const message = fc
  .tuple(fc.constantFrom("params", "result", "error"), fc.oneof(object, value), object)
  .map(([name, inner, rest]) =>
    rest.length === 2 ? `{"id":1,"method":"m","${name}":${inner}}` : `${rest.slice(0, -1)},"${name}":${inner}}`,
  );

const parse = (bytes: Buffer): JsonObject => {
  const parsed: unknown = JSON.parse(bytes.toString());
  assert.ok(isJsonObject(parsed));
  return parsed;
};

/** Runs it; undefined when a key could be read in two ways, and any other throw is the test's failure. */
function unlessAmbiguous<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    assert.ok(thrown instanceof AmbiguousKey, String(thrown));
    return undefined;
  }
}

const envelope = new Map<string, string>([
  [metaKeys.protocolVersion, '"2026-07-28"'],
  [metaKeys.clientCapabilities, '{"roots":{}}'],
]);

test("fuzz: any JSON comes out as JSON, and nothing is thrown but ambiguous keys", () => {
  fc.assert(
    fc.property(message, (text) => {
      const bytes = Buffer.from(text);
      const { restore } = unlessAmbiguous(() => renumber(bytes, "own")) ?? {};
      for (const translated of [
        () => toSessionRequest(bytes),
        () => toStatelessRequest(bytes, envelope),
        () => toSessionResponse("tools/call", bytes),
        () => toSessionResponse("tools/list", bytes),
        () => toStatelessResponse("tools/list", bytes),
        () => toStatelessResponse(undefined, bytes),
        () => renumber(bytes, "own").bytes,
        () => restore?.(bytes) ?? bytes,
        () => tagged(bytes, "s"),
      ]) {
        const out = unlessAmbiguous(translated);
        if (out !== undefined) parse(out);
      }
      unlessAmbiguous(() => readInputRequired(bytes));
      const parsed = parse(bytes);
      const params = objectIn(parsed, "params");
      readEnvelope(params);
      versionInMeta(params);
      const filter = readFilter(params);
      if (filter !== undefined) {
        assert.deepEqual(readFilter({ notifications: filterMembers(filter) }), filter);
        passesFilter(filter, parsed);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("fuzz: what is not concerned stays as it is, to the byte", () => {
  fc.assert(
    fc.property(value, value, (argument, other) => {
      // the gateway writes no space before a closing brace
      const request = `{"jsonrpc":"2.0","id": 7 ,"method":"tools/call","params":{"arguments":${argument},"x": ${other}}}`;
      const stateless = toStatelessRequest(Buffer.from(request), envelope);
      assert.ok(stateless.includes(argument) && stateless.includes(other));
      assert.deepEqual(readEnvelope(objectIn(parse(stateless), "params")).clientCapabilities, { roots: {} });
      const back = toSessionRequest(stateless).toString();
      assert.equal(back, request, "there and back again");

      const response = `{"jsonrpc":"2.0","id":7,"result":{"structuredContent":${argument},"y":${other}}}`;
      const marked = toStatelessResponse("tools/call", Buffer.from(response));
      assert.equal((parse(marked)["result"] as JsonObject)["resultType"], "complete");
      assert.equal(toSessionResponse("prompts/get", marked).toString(), response);
      const { bytes, restore } = renumber(Buffer.from(request), "own");
      assert.equal(parse(bytes)["id"], "own");
      assert.ok(bytes.includes(argument));
      assert.equal(restore(Buffer.from(response.replace('"id":7,', '"id":"own",'))).toString(), response);
    }),
    { numRuns: 2_000 },
  );
});

test("an envelope that the client forged in its session is replaced", () => {
  const forged = `{"id":1,"method":"m","params":{"_meta":{"${metaKeys.clientCapabilities}":{"sampling":{}},"progressToken":1}}}`;
  const meta = objectIn(parse(toStatelessRequest(Buffer.from(forged), envelope))["params"] as JsonObject, "_meta");
  assert.deepEqual(meta, { [metaKeys.clientCapabilities]: { roots: {} }, progressToken: 1, [metaKeys.protocolVersion]: "2026-07-28" });
});

test("an error means the same in the other era", () => {
  const error = (code: number): Buffer => Buffer.from(`{"id":1,"error":{"code":${code},"message":"m","data":{"uri":"a:b"}}}`);
  assert.equal(toStatelessResponse("resources/read", error(-32002)).toString(), error(-32602).toString());
  assert.equal(toStatelessResponse("tools/call", error(-32603)).toString(), error(-32603).toString());
});

test("what is asked is read with its own bytes", () => {
  const text =
    '{"id":1,"result":{"resultType":"input_required","requestState":"s","inputRequests":{"k":{"method":"m","params":{"n":1.50}},"x":5}}}';
  const required = readInputRequired(Buffer.from(text));
  assert.equal(required?.requestState, "s");
  assert.deepEqual(
    Array.from(required?.requests ?? [], ([key, { method, params }]) => [key, method, params.toString()]),
    [["k", "m", '{"n":1.50}']],
  );
  assert.equal(readInputRequired(Buffer.from('{"id":1,"result":{"text":"\\"input_required\\""}}')), undefined);
});

test("results that are no objects are left out for clients that know none", () => {
  const call = (content: string): Buffer =>
    Buffer.from(`{"id":1,"result":{"content":[],"structuredContent":${content},"resultType":"complete"}}`);
  assert.equal(
    toSessionResponse("tools/call", call('{"n":1.0}')).toString(),
    '{"id":1,"result":{"content":[],"structuredContent":{"n":1.0}}}',
  );
  for (const other of ["[1]", "5", "null", '"x"']) {
    assert.equal(toSessionResponse("tools/call", call(other)).toString(), '{"id":1,"result":{"content":[]}}');
  }
  const list =
    '{"id":1,"result":{"tools":[{"name":"a","outputSchema":{"type":"object"}},{"name":"b","outputSchema":{"type":"array"}},{"name":"c"}]}}';
  assert.equal(toSessionResponse("tools/list", Buffer.from(list)).toString(), list.replace(',"outputSchema":{"type":"array"}', ""));
});
