import type { CompiledExpression } from "../cel/compile.ts";
import { environmentOf } from "../cel/environment.ts";
import { toPlain } from "../cel/plain.ts";
import type { Exchange } from "../contract/exchange.ts";
import { llmError } from "./errors.ts";
import { compileAliases } from "./model-aliases.ts";
import type { RequestEdits } from "./request-edits.ts";
import type { BodySettings } from "./settings.ts";

export interface BodyChangeSettings extends BodySettings {
  /** The model to ask for, whatever the client named. */
  readonly model?: string | undefined;
  readonly modelAliases?: Readonly<Record<string, string>> | undefined;
}

/** Applies a configuration's changes to one request and answers with the model that it then asks for. */
export type BodyChanges = (request: RequestEdits, exchange: Exchange, pathModel: string | undefined) => string;

/**
 * Compiles the changes to a body, in the reference's order: the pinned model or the one from the path; `transformation`
 * evaluated on what the client sent; `overrides`; the results of `transformation`; `defaults`; `modelAliases`.
 */
export function compileBodyChanges(settings: BodyChangeSettings): BodyChanges {
  const { model: pinned, modelAliases } = settings;
  const overrides = Object.entries(settings.overrides ?? {});
  const defaults = Object.entries(settings.defaults ?? {});
  const transformation = Object.entries(settings.transformation ?? {});
  const alias = modelAliases === undefined || Object.keys(modelAliases).length === 0 ? undefined : compileAliases(modelAliases);

  return (request, exchange, pathModel) => {
    const start = pinned ?? pathModel;
    if (start !== undefined) request.set("model", start);
    for (const [name, value] of overrides) request.set(name, value);
    if (transformation.length > 0) transform(request, exchange, transformation);
    for (const [name, value] of defaults) if (!request.has(name)) request.set(name, value);
    const model = request.get("model");
    if (typeof model !== "string" || model === "")
      throw llmError("missing_model", "no `model` is left once the configured changes are made");
    if (alias === undefined) return model;
    const target = alias(model);
    request.set("model", target);
    return target;
  };
}

/**
 * Sets each member to its expression's value; one that fails or gives null removes the member. Expressions read the
 * client's body, not the changed one, so evaluating late changes nothing.
 */
function transform(request: RequestEdits, exchange: Exchange, transformation: readonly (readonly [string, CompiledExpression])[]): void {
  const environment = environmentOf(exchange);
  for (const [name, expression] of transformation) request.set(name, toPlain(expression.evaluate(environment)) ?? undefined);
}
