import { type JsonObject, objectIn } from "../../base/json.ts";

/** What servers may ask their clients in the middle of a call (specification, "Client Features"). */
const capabilityOf: ReadonlyMap<string, string> = new Map([
  ["elicitation/create", "elicitation"],
  ["sampling/createMessage", "sampling"],
  ["roots/list", "roots"],
]);

/** Questions that one call may have open. */
export const maxQuestions = 64;

/** Whether it is something that servers ask at all. */
export function isQuestion(method: string): boolean {
  return capabilityOf.has(method);
}

/** Whether a client that declared these capabilities can be asked this. An elicitation without modes means forms. */
export function canBeAsked(capabilities: JsonObject, method: string, params: JsonObject): boolean {
  const capability = capabilityOf.get(method);
  if (capability === undefined || capabilities[capability] === undefined) return false;
  if (capability !== "elicitation") return true;
  const modes = objectIn(capabilities, "elicitation");
  return params["mode"] === "url" ? modes["url"] !== undefined : modes["form"] !== undefined || modes["url"] === undefined;
}
