/** Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/), as much of it as few messages need. */

const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

/** Puts a message together, field by field. */
export class ProtoWriter {
  private readonly parts: Buffer[] = [];

  /** A string, bytes, or a message already written. Empty ones are written too: in a `oneof` they mean something. */
  bytes(field: number, value: Buffer | string): this {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    this.parts.push(varint(field * 8 + bytesType), varint(bytes.length), bytes);
    return this;
  }

  /** An enum, a bool or an unsigned int up to 2^32 - 1. */
  varint(field: number, value: number): this {
    this.parts.push(varint(field * 8 + varintType), varint(value));
    return this;
  }

  double(field: number, value: number): this {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleLE(value);
    this.parts.push(varint(field * 8 + fixed64Type), bytes);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** One field of a message, as it stands on the wire; what the bytes mean is the schema's to say. */
export interface ProtoField {
  readonly number: number;
  /** Of length-delimited and fixed-size fields; empty for a varint. */
  readonly bytes: Buffer;
  /** Of varints, exact up to 2^53; 0 for others. */
  readonly varint: number;
}

/**
 * The fields of a message in the order of the wire, unknown ones included.
 * @throws Error for bytes that are no message
 */
export function protoFields(message: Buffer): ProtoField[] {
  const fields: ProtoField[] = [];
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let factor = 1, count = 0; count < 10; factor *= 128, count += 1) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("the message ends inside a number");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error("a number is too long");
  };
  const take = (length: number): Buffer => {
    if (length > message.length - at) throw new Error("the message ends inside a field");
    const bytes = message.subarray(at, at + length);
    at += length;
    return bytes;
  };
  while (at < message.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new Error("a field has no number");
    switch (tag % 8) {
      case varintType:
        fields.push({ number, bytes: nothing, varint: readVarint() });
        break;
      case fixed64Type:
        fields.push({ number, bytes: take(8), varint: 0 });
        break;
      case bytesType:
        fields.push({ number, bytes: take(readVarint()), varint: 0 });
        break;
      case fixed32Type:
        fields.push({ number, bytes: take(4), varint: 0 });
        break;
      default:
        throw new Error("a field has no known wire type");
    }
  }
  return fields;
}

const nothing = Buffer.alloc(0);
