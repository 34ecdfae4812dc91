import { randomUUID } from "node:crypto";
import { toDouble } from "../numbers.ts";
import { CelError, noOverload } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";

export const chanceFunctions: readonly FunctionDefinition[] = [
  {
    name: "random",
    style: "function",
    operands: [0, 0],
    signature: "random() -> double",
    summary: "A number from 0 to 1, another one each time.",
    run: () => toDouble(Math.random()),
    volatile: true,
  },
  {
    name: "uuid",
    style: "function",
    operands: [0, 0],
    signature: "uuid() -> string",
    summary: "A random UUID (version 4), another one each time.",
    run: () => randomUUID(),
    volatile: true,
  },
  {
    name: "fail",
    style: "function",
    operands: [0, 1],
    signature: "fail(message?)",
    summary: "An error, whatever happens.",
    run: (message) =>
      message === undefined || typeof message === "string"
        ? new CelError(`fail() was called${message === undefined ? "" : `: ${message}`}`)
        : noOverload("fail", message),
    volatile: true,
  },
];
