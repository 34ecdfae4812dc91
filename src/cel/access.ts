import { isMap, mapGet, mapHas } from "./map.ts";
import { numericValue } from "./numbers.ts";
import { constantOf, located, missing } from "./program.ts";
import type { Program } from "./program.ts";
import { CelError, CelObject, CelOptional, noOverload, typeOf } from "./value.ts";
import type { Value } from "./value.ts";

const objectPrototype = Object.prototype as unknown as Record<string, unknown>;

/** `operand.field`, and `operand["field"]`. */
export function selectField(operand: Program, field: string, at: number): Program {
  const absent = missing(`no such key: ${field}`, at);
  // A name that every object inherits cannot be read without asking whether the object has it itself.
  const inherited = field in objectPrototype;
  return (frame) => {
    const target = operand(frame);
    if (!inherited && typeof target === "object" && target !== null) {
      if (Object.getPrototypeOf(target) === objectPrototype) {
        const value = (target as Record<string, Value | undefined>)[field];
        return value === undefined ? absent : value;
      }
      if (target instanceof CelObject) {
        const value = target.get(field) as Value | undefined;
        return value === undefined ? absent : value;
      }
    }
    const value = find(target, field, at);
    return value === undefined ? absent : value;
  };
}

/** `operand[key]`. */
export function indexBy(operand: Program, key: Program, at: number): Program {
  const field = constantOf(key);
  if (typeof field === "string") return selectField(operand, field, at);
  return (frame) => {
    const target = operand(frame);
    if (target instanceof CelError) return target;
    const index = key(frame);
    if (index instanceof CelError) return index;
    const value = find(target, index, at);
    if (value !== undefined) return value;
    return missing(Array.isArray(target) ? "index out of range" : "no such key", at);
  };
}

/** `operand.?field` and `operand[?key]`: an optional, empty when there is no such element. */
export function selectOptional(operand: Program, key: Program, at: number): Program {
  return (frame) => {
    const target = operand(frame);
    if (target instanceof CelError) return target;
    const index = key(frame);
    if (index instanceof CelError) return index;
    if (target instanceof CelOptional) return find(target, index, at) as Value;
    return optionalOf(find(target, index, at));
  };
}

/** `has(operand.field)`. A root variable that is not there has no fields; any other failing operand is an error. */
export function hasField(operand: Program, field: string, at: number, operandIsRoot: boolean): Program {
  return (frame) => {
    let target = operand(frame);
    if (target instanceof CelError) return operandIsRoot && target.kind === "missing" ? false : target;
    if (target instanceof CelOptional) {
      if (target.value === undefined) return false;
      target = target.value;
    }
    return isMap(target) ? mapHas(target, field) : located(noOverload("has", target), at);
  };
}

/**
 * Looks up an element.
 *
 * @returns undefined when there is none; an error when `target` is one, or is nothing that has elements; and inside an
 * optional, an optional.
 */
function find(target: Value, key: Value, at: number): Value | undefined {
  if (isMap(target)) return mapGet(target, key);
  if (Array.isArray(target) && typeof key !== "string") return findInList(target, key, at);
  if (target instanceof CelError) return target;
  if (target instanceof CelOptional) {
    return target.value === undefined ? CelOptional.none : optionalOf(find(target.value, key, at));
  }
  return missing(`a value of type ${typeOf(target).name} has no fields`, at);
}

function findInList(list: readonly Value[], key: Value, at: number): Value | undefined {
  const index = numericValue(key);
  const position = Number(index);
  return index !== undefined && Number.isInteger(position) ? list[position] : located(noOverload("_[_]", list, key), at);
}

function optionalOf(value: Value | undefined): Value {
  if (value === undefined) return CelOptional.none;
  return value instanceof CelError ? value : new CelOptional(value);
}
