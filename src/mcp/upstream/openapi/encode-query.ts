import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { Parameter, ParameterForm } from "./operation.ts";
import { ArgumentError, commaList, jsonText, LongInteger, scalarText } from "./scalar-text.ts";

/**
 * A query from the members of an object: lists as their parameter says (repeated where nothing says), null as a bare
 * name. Parameters that are not described go along.
 * @returns with its `?`, or empty
 * @throws ArgumentError
 */
export function encodeQuery(parameters: readonly Parameter[], values: JsonObject): string {
  const forms = new Map(parameters.map(({ name, form }) => [name, form]));
  const pairs = Object.entries(values).flatMap(([name, value]) => encodePairs(name, value, forms.get(name)));
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function encodePairs(name: string, value: unknown, form: ParameterForm | undefined): string[] {
  const what = `query.${name}`;
  if (value === null) return [encode(what, name)];
  const pair = (text: string): string => `${encode(what, name)}=${text}`;
  if (form === "json") return [pair(encode(what, jsonText(value)))];
  if (isJsonObject(value) && !(value instanceof LongInteger)) return encodeObject(name, value, form);
  if (!Array.isArray(value)) return [pair(encode(what, scalarText(what, value)))];
  if (form === undefined || form === "repeated") return value.map((one: unknown) => pair(encode(what, scalarText(what, one))));
  const separator = separators[form];
  if (separator === undefined) throw new ArgumentError(`"${what}" must not be a list`);
  return [
    pair(
      commaList(what, value)
        .map((text) => encode(what, text))
        .join(separator),
    ),
  ];
}

const separators: Partial<Record<ParameterForm, string>> = { comma: ",", space: "%20", pipe: "%7C" };

function encodeObject(name: string, value: JsonObject, form: ParameterForm | undefined): string[] {
  const what = `query.${name}`;
  if (form === "comma")
    return [
      `${encode(what, name)}=${commaList(what, value)
        .map((text) => encode(what, text))
        .join(",")}`,
    ];
  if (form !== "deepObject" && form !== "repeated") throw new ArgumentError(`"${what}" must not be an object`);
  return Object.entries(value).flatMap(([key, member]) => {
    const memberName = `${what}.${key}`;
    const list: unknown[] = Array.isArray(member) ? member : [member];
    const ownName = form === "deepObject" ? `${name}[${key}]` : key;
    return list.map((one) =>
      one === null ? encode(what, ownName) : `${encode(what, ownName)}=${encode(what, scalarText(memberName, one))}`,
    );
  });
}

function encode(what: string, text: string): string {
  if (!text.isWellFormed()) throw new ArgumentError(`"${what}" holds half a character`);
  return encodeURIComponent(text);
}
