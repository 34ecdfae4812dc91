import { CelMap } from "./map.ts";
import { constant, constantOf, located } from "./program.ts";
import type { Frame, Program } from "./program.ts";
import { CelError, CelOptional, typeOf } from "./value.ts";
import type { Value } from "./value.ts";

/** `[a, b, ?c]`: an optional element that is empty is left out. A list of constants is made once. */
export function listOf(elements: readonly { program: Program; optional: boolean; at: number }[]): Program {
  const build = (frame: Frame): Value => {
    const list: Value[] = [];
    for (const { program, optional, at } of elements) {
      const value = program(frame);
      if (value instanceof CelError) return value;
      if (!optional) list.push(value);
      else if (!(value instanceof CelOptional)) return notOptional(value, at);
      else if (value.value !== undefined) list.push(value.value);
    }
    return list;
  };
  return elements.every(({ program }) => constantOf(program) !== undefined) ? folded(build) : build;
}

/** `{k: v, ?k: optional}`: an entry whose optional value is empty is left out. A map of constants is made once. */
export function mapOf(entries: readonly { key: Program; value: Program; optional: boolean; at: number }[]): Program {
  const build = (frame: Frame): Value => {
    const map = new CelMap();
    for (const { key: keyProgram, value: valueProgram, optional, at } of entries) {
      const key = keyProgram(frame);
      if (key instanceof CelError) return key;
      let value = valueProgram(frame);
      if (value instanceof CelError) return value;
      if (optional) {
        if (!(value instanceof CelOptional)) return notOptional(value, at);
        if (value.value === undefined) continue;
        value = value.value;
      }
      const error = map.add(key, value);
      if (error !== undefined) return located(error, at);
    }
    return map;
  };
  const fixed = entries.every(({ key, value }) => constantOf(key) !== undefined && constantOf(value) !== undefined);
  return fixed ? folded(build) : build;
}

/** Runs a program that depends on nothing, once; what fails is left to fail when evaluated. */
export function folded(build: Program): Program {
  const value = build(noFrame);
  return value instanceof CelError ? build : constant(value);
}

const noFrame = { activation: {}, locals: [], work: 0 } as unknown as Frame;

function notOptional(value: Value, at: number): CelError {
  return new CelError(`an element marked with ? must be optional, not ${typeOf(value).name}`, "failed", at);
}
