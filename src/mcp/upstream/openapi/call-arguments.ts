import { isJsonObject, type JsonObject, objectIn } from "../../../base/json.ts";
import { JsonView } from "../../json-view.ts";
import { parseObject } from "../../message.ts";
import { ArgumentError, LongInteger } from "./scalar-text.ts";

/** What a tool is called with. */
export interface CallArguments {
  readonly name: string;
  /** `params.arguments`; whole numbers that a double cannot hold, directly in a group or in a list there, are LongIntegers. */
  readonly groups: JsonObject;
  /** `params.arguments.body` as the client wrote it, JSON text; undefined where there is none. */
  readonly body: Buffer | undefined;
}

/**
 * Reads a tools/call.
 * @param bytes a JSON-RPC request
 * @throws AmbiguousKey, ArgumentError when it names no tool or `arguments` is no object
 */
export function readArguments(bytes: Buffer): CallArguments {
  const params = objectIn(parseObject(bytes) ?? {}, "params");
  const { name } = params;
  const given = params["arguments"] ?? {};
  if (typeof name !== "string") throw new ArgumentError("tools/call needs the name of a tool");
  if (!isJsonObject(given)) throw new ArgumentError("the arguments must be an object");
  const view = new JsonView(bytes).member("params")?.member("arguments");
  const groups = Object.entries(given).map(([group, value]) => [group, group === "body" ? value : exact(value, view?.member(group))]);
  return { name, groups: Object.fromEntries(groups) as JsonObject, body: view?.member("body")?.bytes };
}

/** A group with its long whole numbers as they are written. */
function exact(group: unknown, view: JsonView | undefined): unknown {
  if (!isJsonObject(group)) return group;
  return Object.fromEntries(Object.entries(group).map(([name, value]) => [name, exactMember(value, () => view?.member(name))]));
}

function exactMember(value: unknown, view: () => JsonView | undefined): unknown {
  if (typeof value === "number") return exactNumber(value, view);
  if (!Array.isArray(value) || value.every((one) => typeof one !== "number" || !isLong(one))) return value;
  const elements = view()?.elements() ?? [];
  return value.map((one: unknown, index) => (typeof one === "number" ? exactNumber(one, () => elements[index]) : one));
}

function exactNumber(value: number, view: () => JsonView | undefined): number | LongInteger {
  if (!isLong(value)) return value;
  const text = view()?.bytes.toString("latin1").trim() ?? "";
  return /^-?\d+$/.test(text) ? new LongInteger(text) : value;
}

function isLong(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER;
}
