import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";
import { CelMap } from "../../../src/cel/map.ts";
import { toDouble, toInt, toUint } from "../../../src/cel/numbers.ts";
import { types } from "../../../src/cel/value.ts";
import type { Value } from "../../../src/cel/value.ts";

/** A value in the vectors: a `cel.expr.Value` message as JSON. */
export interface VectorValue {
  readonly nullValue?: null;
  readonly boolValue?: boolean;
  readonly int64Value?: string;
  readonly uint64Value?: string;
  readonly doubleValue?: number | string;
  readonly stringValue?: string;
  readonly bytesValue?: string;
  readonly typeValue?: string;
  readonly listValue?: { readonly values?: readonly VectorValue[] };
  readonly mapValue?: { readonly entries?: readonly { readonly key: VectorValue; readonly value: VectorValue }[] };
}

/** A case of the official suite (cel.expr.conformance.test.SimpleTest), as far as it is used here. */
export interface Vector {
  /** Section, subsection and name, joined with slashes: unique. */
  readonly id: string;
  readonly expr: string;
  readonly disableCheck: boolean;
  readonly checkOnly: boolean;
  readonly container: string;
  readonly bindings: Readonly<Record<string, VectorValue>>;
  /** Variables that have a type but perhaps no value. */
  readonly variables: readonly string[];
  /** What is expected: a value, or (undefined) an error. */
  readonly expected: VectorValue | undefined;
}

interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly { readonly original: Original }[];
}

interface Original {
  readonly name: string;
  readonly expr: string;
  readonly disableCheck?: boolean;
  readonly checkOnly?: boolean;
  readonly container?: string;
  readonly bindings?: Readonly<Record<string, { readonly value: VectorValue }>>;
  readonly typeEnv?: readonly { readonly name: string; readonly ident?: unknown }[];
  readonly value?: VectorValue;
  readonly evalError?: unknown;
  readonly typedResult?: { readonly result?: VectorValue };
}

/** Marks of protobuf: its messages, enumerations and wrappers, which no gateway expression can meet. */
const protobuf =
  /TestAllTypes|TestRequired|NestedEnum|GlobalEnum|objectValue|enumValue|messageType|@type|google\.protobuf\.(?!Timestamp\b|Duration\b)|google\.protobuf\.(?:Timestamp|Duration)\s*\{|proto\.(?:has|get)Ext|"container":"google\.protobuf"/;

/** Every case of the official suite that is not about protobuf. */
export function readVectors(): Vector[] {
  const found: Vector[] = [];
  const seen = new Map<string, number>();
  visit(tests as unknown as Suite, []);
  return found;

  function visit(suite: Suite, path: readonly string[]): void {
    for (const { original } of suite.tests ?? []) {
      if (protobuf.test(JSON.stringify(original))) continue;
      const name = [...path, original.name].join("/");
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      found.push(toVector(count === 1 ? name : `${name} (${count})`, original));
    }
    for (const inner of suite.suites ?? []) visit(inner, [...path, inner.name]);
  }
}

function toVector(id: string, original: Original): Vector {
  const bindings = Object.entries(original.bindings ?? {}).map(([name, { value }]) => [name, value] as const);
  // No expectation at all means: true.
  const expected = original.value ?? original.typedResult?.result ?? (original.evalError === undefined ? { boolValue: true } : undefined);
  return {
    id,
    expr: original.expr,
    disableCheck: original.disableCheck ?? false,
    checkOnly: original.checkOnly ?? false,
    container: original.container ?? "",
    bindings: Object.fromEntries(bindings),
    variables: (original.typeEnv ?? []).filter(({ ident }) => ident !== undefined).map(({ name }) => name),
    expected,
  };
}

/** The CEL value that a vector means. */
export function fromVector(vector: VectorValue): Value {
  if (vector.boolValue !== undefined) return vector.boolValue;
  if (vector.int64Value !== undefined) return toInt(BigInt(vector.int64Value));
  if (vector.uint64Value !== undefined) return toUint(BigInt(vector.uint64Value));
  if (vector.doubleValue !== undefined) return toDouble(Number(vector.doubleValue));
  if (vector.stringValue !== undefined) return vector.stringValue;
  if (vector.bytesValue !== undefined) return Buffer.from(vector.bytesValue, "base64");
  if (vector.listValue !== undefined) return (vector.listValue.values ?? []).map(fromVector);
  if (vector.mapValue !== undefined) {
    const map = new CelMap();
    for (const { key, value } of vector.mapValue.entries ?? []) map.add(fromVector(key), fromVector(value));
    return map;
  }
  if (vector.typeValue !== undefined) {
    const type = Object.values(types).find(({ name }) => name === vector.typeValue);
    if (type === undefined) throw new Error(`no type ${vector.typeValue}`);
    return type;
  }
  if ("nullValue" in vector) return null;
  throw new Error(`cannot read ${JSON.stringify(vector)}`);
}
