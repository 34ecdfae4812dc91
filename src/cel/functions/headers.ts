import { HeaderView } from "../header-view.ts";
import { CelError, CelSecret, noOverload, redacted } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";

function onHeaders(name: string, run: (headers: HeaderView, argument: Value) => Value): FunctionDefinition["run"] {
  return (headers, argument) => (headers instanceof HeaderView ? run(headers, argument) : noOverload(name, headers));
}

function cookie(headers: HeaderView, name: Value): Value {
  if (typeof name !== "string") return noOverload("cookie", headers, name);
  return headers.cookie(name) ?? new CelError("there is no cookie of that name", "missing");
}

function unredact(value: Value): Value {
  if (value instanceof CelSecret) return value.reveal();
  if (value instanceof HeaderView) return value.withRedaction(false);
  return typeof value === "string" ? value : noOverload("unredacted", value);
}

function redact(value: Value): Value {
  if (value instanceof HeaderView) return value.withRedaction(true);
  return value instanceof CelSecret ? redacted : noOverload("redacted", value);
}

export const headerFunctions: readonly FunctionDefinition[] = [
  {
    name: "raw",
    style: "method",
    operands: [1, 1],
    signature: "headers.raw() -> headers",
    summary: "The same fields, each as a list of its entries.",
    run: onHeaders("raw", (headers) => headers.raw()),
  },
  {
    name: "cookie",
    style: "method",
    operands: [2, 2],
    signature: "headers.cookie(name) -> string",
    summary: "The first cookie of a name; fails when there is none.",
    run: onHeaders("cookie", cookie),
  },
  {
    name: "redacted",
    style: "method",
    operands: [1, 1],
    signature: "headers.redacted() -> headers",
    summary: "The same fields, with <redacted> in the place of credentials and cookies.",
    run: redact,
  },
  {
    name: "unredacted",
    style: "method",
    operands: [1, 1],
    signature: "secret.unredacted() -> string",
    summary: "The text of a secret such as jwt.rawToken or apiKey.key, which is <redacted> otherwise.",
    run: unredact,
  },
];
