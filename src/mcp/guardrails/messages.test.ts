import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import fc from "fast-check";
import { type JsonObject } from "../../base/json.ts";
import { readStruct, writeStruct } from "../../base/protobuf-struct.ts";
import { readRequestResult, readResponseResult, writeRequest, writeResponse } from "./messages.ts";

/** What another implementation of protobuf makes of the same schema. */
const loaded = loadPackageDefinition(
  loadSync(fileURLToPath(new URL("ext-mcp.proto", import.meta.url)), { keepCase: true, enums: String, oneofs: true, bytes: Buffer }),
) as unknown as { agentgateway: { dev: { ext_mcp: { ExtMcp: { service: ServiceDefinition } } } } };
const { CheckRequest, CheckResponse } = loaded.agentgateway.dev.ext_mcp.ExtMcp.service as unknown as Record<
  string,
  { requestDeserialize(bytes: Buffer): Record<string, unknown>; responseSerialize(value: object): Buffer }
>;

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const names = fc.array(fc.string(), { maxLength: 3 });
const scalar = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
const data = fc.dictionary(fc.string(), fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar, { noNullPrototype: true })), {
  noNullPrototype: true,
});

describe("what is asked", () => {
  it("is read by another implementation", () => {
    const headers = fc.array(fc.tuple(fc.string(), bytes), { maxLength: 3 });
    fc.assert(
      fc.property(names, fc.string(), fc.option(bytes, { nil: undefined }), headers, (targets, method, params, fields) => {
        const pairs = fields.map(([name, value]) => [name, value.toString("latin1")] as const);
        const read = CheckRequest?.requestDeserialize(writeRequest({ targets, method, metadata: undefined }, params, pairs)) ?? {};
        assert.deepEqual([read["service_names"] ?? [], read["method"] ?? "", read["mcp_request"]], [targets, method, params]);
        const seen = (read["headers"] ?? []) as { key?: string; value?: Buffer }[];
        assert.deepEqual(
          seen.map(({ key = "", value }) => [key, Buffer.from(value ?? "")]),
          fields,
        );
        const response =
          CheckResponse?.requestDeserialize(writeResponse({ targets, method, metadata: {} }, params ?? Buffer.from("{}"))) ?? {};
        assert.deepEqual(Buffer.from(response["mcp_response"] as Buffer), params ?? Buffer.from("{}"));
      }),
    );
  });
});

describe("an answer", () => {
  it("of another implementation is read", () => {
    const from = (value: object): ReturnType<typeof readRequestResult> =>
      readRequestResult(CheckRequest?.responseSerialize(value) ?? assert.fail("no such method"));
    assert.deepEqual(from({ pass: {} }), { verdict: { kind: "pass" }, headers: { set: [], remove: [] }, metadata: {} });
    fc.assert(
      fc.property(bytes, fc.string(), names, (json, text, remove) => {
        const set = [{ key: text, value: json }];
        const answer = from({ mutated: json, header_mutation: { set, remove } });
        assert.deepEqual(answer.verdict, { kind: "mutated", json });
        assert.deepEqual(answer.headers, { set: [[text, json.toString("latin1")]], remove });
      }),
    );
    for (const code of ["UNKNOWN", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "INVALID"] as const) {
      const data = Buffer.from("{}");
      assert.deepEqual(from({ error: { code, reason: "r", mcp_error: data } }).verdict, { kind: "error", code, reason: "r", data });
    }
  });

  it("with the last of several verdicts, as protobuf has it", () => {
    const twice = Buffer.concat(
      [{ pass: {} }, { mutated: Buffer.from("x") }].map((one) => CheckResponse?.responseSerialize(one) ?? assert.fail()),
    );
    assert.deepEqual(readResponseResult(twice), { kind: "mutated", json: Buffer.from("x") });
  });

  it("of any bytes is read, or is an error", () => {
    const answer = fc.oneof(
      bytes,
      bytes.map((some) =>
        Buffer.concat([CheckRequest?.responseSerialize({ pass: {}, metadata: { fields: { a: { stringValue: "b" } } } }) as Buffer, some]),
      ),
    );
    fc.assert(
      fc.property(answer, (some) => {
        for (const read of [readRequestResult, readResponseResult, readStruct]) {
          try {
            read(some);
          } catch (thrown) {
            assert.equal((thrown as Error).constructor, Error);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a Struct", () => {
  it("comes back as it went, and reads the same elsewhere", () => {
    fc.assert(
      fc.property(data, (value) => {
        assert.deepEqual(readStruct(writeStruct(value)), value);
        const read = CheckRequest?.requestDeserialize(writeRequest({ targets: [], method: "m", metadata: value }, undefined, [])) ?? {};
        const fields = ((read["metadata_context"] as { fields?: Record<string, unknown> } | null)?.fields ?? {}) as JsonObject;
        assert.deepEqual(
          Object.keys(fields)
            .filter((key) => key !== "__proto__") // which protobufjs takes for the prototype, or not
            .toSorted(),
          Object.keys(value)
            .filter((key) => key !== "__proto__")
            .toSorted(),
        );
      }),
    );
  });

  it("that would take a parser too deep is refused, both ways", () => {
    const deep = (depth: number): JsonObject => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as JsonObject;
    assert.deepEqual(readStruct(writeStruct(deep(90))), deep(90));
    assert.throws(() => writeStruct(deep(200)), /nested too deeply/);
    assert.throws(() => writeStruct({ a: JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) }), /nested too deeply/);
  });

  it("has the key `__proto__` as one like any other", () => {
    const read = readStruct(writeStruct(JSON.parse('{"__proto__":{"admin":true}}') as JsonObject));
    assert.deepEqual([Object.keys(read), (read as { admin?: unknown }).admin], [["__proto__"], undefined]);
  });
});
