import { CelDouble, CelError, CelObject, CelScalar, CelUint, typeOf } from "./value.ts";
import type { Value } from "./value.ts";

/** A key as a JavaScript Map compares it: numbers of different types that are equal are one key. */
type MapKey = string | boolean | number | bigint;

interface Entry {
  readonly key: Value;
  readonly value: Value;
}

/** A map made by an expression: keys are strings, bools, ints and uints. */
export class CelMap {
  readonly #entries = new Map<MapKey, Entry>();

  static of(entries: Iterable<readonly [key: string, value: Value]>): CelMap {
    const map = new CelMap();
    for (const [key, value] of entries) map.#entries.set(key, { key, value });
    return map;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns an error when the key is there already, or is of a type that no key can have. */
  add(key: Value, value: Value): CelError | undefined {
    const mapKey = toMapKey(key);
    if (mapKey === undefined || typeOf(key).name === "double") {
      return new CelError(`unsupported key type: ${typeOf(key).name}`);
    }
    if (this.#entries.has(mapKey)) return new CelError("repeated key");
    this.#entries.set(mapKey, { key, value });
    return undefined;
  }

  /** Adds an entry or replaces the one of the same key. The key must be one that a map had before. */
  set(key: Value, value: Value): void {
    this.#entries.set(toMapKey(key) as MapKey, { key, value });
  }

  get(key: Value): Value | undefined {
    if (typeof key === "string") return this.#entries.get(key)?.value;
    const mapKey = toMapKey(key);
    return mapKey === undefined ? undefined : this.#entries.get(mapKey)?.value;
  }

  keys(): Value[] {
    return Array.from(this.#entries.values(), (entry) => entry.key);
  }
}

function toMapKey(key: Value): MapKey | undefined {
  if (typeof key === "string" || typeof key === "boolean" || typeof key === "number") return key;
  if (key instanceof CelDouble) return key.value;
  const big = key instanceof CelUint ? key.value : key;
  if (typeof big !== "bigint") return undefined;
  const small = Number(big);
  return Number.isSafeInteger(small) ? small : big;
}

const objectPrototype = Object.prototype;

/** Anything that CEL takes for a map: host objects, CelObject and CelMap. To be read with the functions below. */
export type MapValue = Readonly<Record<string, unknown>>;

export function isMap(value: Value): value is MapValue {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === objectPrototype || prototype === null) return true;
  return !(Array.isArray(value) || value instanceof Uint8Array || value instanceof CelScalar || value instanceof CelError);
}

/** The value of a key in a map; undefined when it is not there. `map` must satisfy `isMap`. */
export function mapGet(map: object, key: Value): Value | undefined {
  if (map instanceof CelMap) return map.get(key);
  if (typeof key !== "string") return undefined;
  if (map instanceof CelObject) return map.get(key) as Value | undefined;
  return Object.hasOwn(map, key) ? (map as Record<string, Value | undefined>)[key] : undefined;
}

export function mapHas(map: object, key: Value): boolean {
  if (map instanceof CelObject) return typeof key === "string" && map.has(key);
  return mapGet(map, key) !== undefined;
}

/** The keys of a map that have a value. */
export function mapKeys(map: object): Value[] {
  if (map instanceof CelMap) return map.keys();
  if (map instanceof CelObject) return Array.from(map.keys()).filter((key) => map.has(key));
  return Object.keys(map).filter((key) => (map as Record<string, unknown>)[key] !== undefined);
}

export function mapSize(map: object): number {
  return map instanceof CelMap ? map.size : mapKeys(map).length;
}
