import { type Endpoint, jsonReply } from "../endpoint.ts";

/** What this address serves. */
export function indexPage(version: string, endpoints: readonly Endpoint[]): Endpoint {
  const list = endpoints.map(({ method, path, summary }) => ({ method, path, summary }));
  return { method: "GET", path: "/", summary: "this list", handle: () => jsonReply({ name: "turnpike", version, endpoints: list }) };
}
