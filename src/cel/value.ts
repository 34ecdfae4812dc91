/**
 * CEL values are plain JavaScript values wherever one fits, so that host data is read without being converted:
 *
 * | CEL                  | JavaScript                                                                          |
 * | -------------------- | ----------------------------------------------------------------------------------- |
 * | int                  | number when it is a safe integer, else bigint                                       |
 * | double               | number when it is not a safe integer (1.5, 1e300, NaN), else CelDouble (1.0)        |
 * | uint                 | CelUint                                                                             |
 * | string, bool, null   | string, boolean, null                                                               |
 * | bytes                | Uint8Array                                                                          |
 * | list                 | array                                                                               |
 * | map                  | object (host data: string keys), CelObject (host data read on demand), CelMap       |
 * | timestamp, duration  | CelTimestamp, CelDuration                                                           |
 * | type, optional       | CelType, CelOptional                                                                |
 * | ip, cidr             | CelAddress, CelNetwork                                                              |
 *
 * JSON does not tell 1 from 1.0: both are ints here, and arithmetic accepts an int beside a double. Errors are values
 * too: every function and operator may return a CelError, and none throws.
 */
export type Value = null | boolean | number | bigint | string | object;

/**
 * What an expression failed with. Shared between evaluations: never changed once it has left the evaluator. Messages name
 * functions, types and what is written in the expression, but no values from the request: those may be credentials.
 */
export class CelError {
  readonly message: string;
  /** "missing": a field, key or variable is not there, which `default()` forgives. "failed": everything else. */
  readonly kind: "missing" | "failed";
  /** Where in the expression, as an index into its text; -1 until the evaluator fills it in. */
  offset: number;

  constructor(message: string, kind: "missing" | "failed" = "failed", offset = -1) {
    this.message = message;
    this.kind = kind;
    this.offset = offset;
  }
}

/** Base of the values that are objects to JavaScript and no maps to CEL. */
export abstract class CelScalar {
  abstract readonly type: CelType;
}

/** A type, as `type(x)` gives it. Types are compared by name. */
export class CelType extends CelScalar {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  get type(): CelType {
    return types.type;
  }
}

/** A double whose value is a safe integer, and which would otherwise be taken for an int. */
export class CelDouble extends CelScalar {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }

  get type(): CelType {
    return types.double;
  }
}

/** An unsigned 64-bit integer. */
export class CelUint extends CelScalar {
  readonly value: bigint;

  constructor(value: bigint) {
    super();
    this.value = value;
  }

  get type(): CelType {
    return types.uint;
  }
}

/** A value that may be absent. */
export class CelOptional extends CelScalar {
  static readonly none = new CelOptional(undefined);
  readonly value: Value | undefined;

  constructor(value: Value | undefined) {
    super();
    this.value = value;
  }

  get type(): CelType {
    return types.optional_type;
  }
}

/** A secret: printed as `<redacted>` wherever it ends up, until an expression asks for `.unredacted()`. */
export class CelSecret extends CelScalar {
  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  get type(): CelType {
    return types.string;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return redacted;
  }

  override toString(): string {
    return redacted;
  }
}

/** What stands in the place of a secret. */
export const redacted = "<redacted>";

/**
 * A map that the host fills in on demand. Expressions read the fields they name and no others; `keys` is only asked for
 * when the whole map is looped over, compared or printed.
 */
export abstract class CelObject {
  /** The value of a field; undefined means that there is none, which makes reading it an error and `has()` false. */
  abstract get(name: string): unknown;
  abstract keys(): Iterable<string>;

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }
}

export const types = {
  bool: new CelType("bool"),
  bytes: new CelType("bytes"),
  double: new CelType("double"),
  duration: new CelType("google.protobuf.Duration"),
  int: new CelType("int"),
  list: new CelType("list"),
  map: new CelType("map"),
  null_type: new CelType("null_type"),
  string: new CelType("string"),
  timestamp: new CelType("google.protobuf.Timestamp"),
  type: new CelType("type"),
  uint: new CelType("uint"),
  optional_type: new CelType("optional_type"),
  ip: new CelType("net.IP"),
  cidr: new CelType("net.CIDR"),
} as const;

/** The type of a value. */
export function typeOf(value: Value): CelType {
  if (typeof value === "string") return types.string;
  if (typeof value === "boolean") return types.bool;
  if (typeof value === "bigint") return types.int;
  if (typeof value === "number") return Number.isSafeInteger(value) ? types.int : types.double;
  if (value === null) return types.null_type;
  if (value instanceof CelScalar) return value.type;
  if (Array.isArray(value)) return types.list;
  return value instanceof Uint8Array ? types.bytes : types.map;
}

/** The error of an operator or function that is not defined for what it was given. */
export function noOverload(name: string, ...operands: readonly Value[]): CelError {
  const given = operands.map((operand) => typeOf(operand).name).join(", ");
  return new CelError(`no such overload: ${name}(${given})`);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
