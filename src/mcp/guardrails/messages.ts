import type { JsonObject } from "../../base/json.ts";
import { type ProtoField, protoFields, ProtoWriter } from "../../base/protobuf.ts";
import { readStruct, writeStruct } from "../../base/protobuf-struct.ts";

/** The messages of ext-mcp.proto on the wire. */

/** Both questions: what a processor is asked about. */
export interface Question {
  readonly targets: readonly string[];
  readonly method: string;
  /** Values that the configuration adds; undefined = it adds none. */
  readonly metadata: JsonObject | undefined;
}

/** Name, and the value as bytes of Latin-1, as HTTP has it. */
export type HeaderField = readonly [name: string, value: string];

export type Verdict =
  | { readonly kind: "pass" }
  /** JSON text, unchecked. */
  | { readonly kind: "mutated"; readonly json: Buffer }
  | { readonly kind: "error"; readonly code: RefusalCode; readonly reason: string; readonly data: Buffer | undefined };

export type RefusalCode = "UNKNOWN" | "PERMISSION_DENIED" | "RESOURCE_EXHAUSTED" | "INVALID";

export interface RequestVerdict {
  readonly verdict: Verdict;
  readonly headers: { readonly set: readonly HeaderField[]; readonly remove: readonly string[] };
  readonly metadata: JsonObject;
}

/** @param params JSON text; undefined where there are none */
export function writeRequest(question: Question, params: Buffer | undefined, headers: readonly HeaderField[]): Buffer {
  const message = writeQuestion(question);
  if (params !== undefined) message.bytes(4, params);
  for (const [name, value] of headers) {
    message.bytes(5, new ProtoWriter().bytes(1, name).bytes(2, Buffer.from(value, "latin1")).finish());
  }
  return message.finish();
}

/** @param result JSON text */
export function writeResponse(question: Question, result: Buffer): Buffer {
  return writeQuestion(question).bytes(4, result).finish();
}

function writeQuestion({ targets, method, metadata }: Question): ProtoWriter {
  const message = new ProtoWriter();
  for (const target of targets) message.bytes(1, target);
  message.bytes(2, method);
  if (metadata !== undefined) message.bytes(3, writeStruct(metadata));
  return message;
}

/** @throws Error for bytes that are no McpRequestResult, or one without a verdict */
export function readRequestResult(message: Buffer): RequestVerdict {
  const fields = protoFields(message);
  const mutation = all(fields, 4).flatMap(({ bytes }) => protoFields(bytes));
  return {
    verdict: verdictIn(fields),
    headers: {
      set: all(mutation, 1).map(({ bytes }): HeaderField => {
        const field = protoFields(bytes);
        return [text(field, 1), last(field, 2)?.bytes.toString("latin1") ?? ""];
      }),
      remove: all(mutation, 2).map(({ bytes }) => bytes.toString("utf8")),
    },
    metadata: readStruct(last(fields, 5)?.bytes ?? nothing),
  };
}

/** @throws Error for bytes that are no McpResponseResult, or one without a verdict */
export function readResponseResult(message: Buffer): Verdict {
  return verdictIn(protoFields(message));
}

/** Of a `oneof` the last member on the wire counts. */
function verdictIn(fields: readonly ProtoField[]): Verdict {
  const chosen = fields.findLast(({ number }) => number >= 1 && number <= 3);
  switch (chosen?.number) {
    case 1:
      return { kind: "pass" };
    case 2:
      return { kind: "mutated", json: chosen.bytes };
    case 3: {
      const error = protoFields(chosen.bytes);
      return { kind: "error", code: codes[last(error, 1)?.varint ?? 0] ?? "UNKNOWN", reason: text(error, 2), data: last(error, 3)?.bytes };
    }
    case undefined:
    default:
      throw new Error("there is no verdict in the answer");
  }
}

const codes: readonly RefusalCode[] = ["UNKNOWN", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "INVALID"];

function all(fields: readonly ProtoField[], number: number): readonly ProtoField[] {
  return fields.filter((field) => field.number === number);
}

function last(fields: readonly ProtoField[], number: number): ProtoField | undefined {
  return fields.findLast((field) => field.number === number);
}

function text(fields: readonly ProtoField[], number: number): string {
  return last(fields, number)?.bytes.toString("utf8") ?? "";
}

const nothing = Buffer.alloc(0);
