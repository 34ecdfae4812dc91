import { CelError, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";
import { percentEncode } from "./encoding.ts";

/** A URI or path cut at its query. The fragment, which no request has, stays with the query's end. */
function cut(uri: string): { path: string; query: string[] } {
  const mark = uri.indexOf("?");
  if (mark < 0) return { path: uri, query: [] };
  const query = uri.slice(mark + 1);
  return { path: uri.slice(0, mark), query: query === "" ? [] : query.split("&") };
}

function nameOf(parameter: string): string {
  return decode(parameter.split("=", 1)[0] as string);
}

/** Lenient, as servers are: what is not valid percent-encoding stands for itself. */
function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

function query(uri: Value, name: Value): Value {
  if (typeof uri !== "string" || typeof name !== "string") return noOverload("query", uri, name);
  const values = cut(uri)
    .query.filter((parameter) => nameOf(parameter) === name)
    .map((parameter) => (parameter.includes("=") ? decode(parameter.slice(parameter.indexOf("=") + 1)) : ""));
  return values.length === 0 ? new CelError("there is no query parameter of that name", "missing") : values;
}

/** Other parameters stay as they were written, byte for byte. */
function withQuery(keep: (parameter: string, name: string) => boolean, label: string): FunctionDefinition["run"] {
  return (uri, name, value) => {
    if (typeof uri !== "string" || typeof name !== "string" || typeof value !== "string") {
      return noOverload(label, uri, name, value);
    }
    const { path, query: parameters } = cut(uri);
    const kept = parameters.filter((parameter) => keep(parameter, name));
    return `${path}?${[...kept, `${percentEncode(name)}=${percentEncode(value)}`].join("&")}`;
  };
}

export const queryFunctions: readonly FunctionDefinition[] = [
  {
    name: "query",
    style: "method",
    operands: [2, 2],
    signature: "uri.query(name) -> list",
    summary: "The values of a query parameter of request.uri or request.pathAndQuery; fails when it is not there.",
    run: query,
  },
  {
    name: "addQuery",
    style: "method",
    operands: [3, 3],
    signature: "uri.addQuery(name, value) -> string",
    summary: "The URI with a query parameter more.",
    run: withQuery(() => true, "addQuery"),
  },
  {
    name: "setQuery",
    style: "method",
    operands: [3, 3],
    signature: "uri.setQuery(name, value) -> string",
    summary: "The URI with one query parameter in the place of all of that name.",
    run: withQuery((parameter, name) => nameOf(parameter) !== name, "setQuery"),
  },
];
