import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import { itemMethod, type ItemReference, type Method, type Revision } from "../revision.ts";

/** https://modelcontextprotocol.io/specification/2024-11-05 */
export const revision: Revision = {
  name: "2024-11-05",
  stateless: false,
  listMembers: "",
  methods: new Map<string, Method>([
    ["initialize", { routing: "initialize" }],
    ["ping", { routing: "everyone", capability: undefined }],
    ["logging/setLevel", { routing: "everyone", capability: "logging" }],
    ["tools/list", { routing: "list", capability: "tools", item: "tool", member: "tools", key: "name" }],
    ["tools/call", itemMethod("tool", "name")],
    ["prompts/list", { routing: "list", capability: "prompts", item: "prompt", member: "prompts", key: "name" }],
    ["prompts/get", itemMethod("prompt", "name")],
    ["resources/list", { routing: "list", capability: "resources", item: "resource", member: "resources", key: "uri" }],
    [
      "resources/templates/list",
      { routing: "list", capability: "resources", item: "resource", member: "resourceTemplates", key: "uriTemplate" },
    ],
    ["resources/read", itemMethod("resource", "uri", true)],
    ["resources/subscribe", itemMethod("resource", "uri")],
    ["resources/unsubscribe", itemMethod("resource", "uri")],
    ["completion/complete", { routing: "item", locate: completionReference }],
  ]),
};

/** A completion belongs to the prompt or resource template whose argument is being completed. */
function completionReference(params: JsonObject): ItemReference | undefined {
  const { ref } = params;
  if (!isJsonObject(ref)) return undefined;
  const { type, name, uri } = ref;
  if (type === "ref/prompt" && typeof name === "string") return { kind: "prompt", path: ["ref", "name"], name };
  if (type === "ref/resource" && typeof uri === "string") return { kind: "resource", path: ["ref", "uri"], name: uri };
  return undefined;
}
