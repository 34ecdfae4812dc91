/**
 * What may go wrong, and why: the way to the server (`directly`, or one through the gateway) and the beginning of a
 * verdict's key (see suite.ts). `directly` what fails, through the gateway what ends otherwise than directly. An entry
 * that explains nothing fails the test, and so does a scored scenario that fails directly.
 */
const uris = "the suite asks for the server's own URIs, and of several targets URIs begin with their target's name";
const capabilities =
  "a client that says nothing of its capabilities is taken to have none, as in the reference; of a lone target it is the target's to refuse";
const keys = "the server's questions had no keys of its own, so the gateway gives them numbers, and the suite asks for a key";
const undeclared = "a server with sessions says in words of its own that it lacks a capability of the client";
export const expectedFailures: Readonly<Record<string, string>> = {
  "directly/server/2026-07-28/tasks-": "the SDK's server has no tasks extension",
  "several targets/server/2025-11-25/resources-read-": uris,
  "several targets/server/2025-11-25/resources-templates-read/": uris,
  "several targets/server/2025-11-25/resources-subscribe/": uris,
  "several targets/server/2025-11-25/resources-unsubscribe/": uris,
  "several targets/server/2026-07-28/resources-read-": uris,
  "several targets/server/2026-07-28/resources-templates-read/": uris,
  "several targets/server/2026-07-28/sep-2164-resource-not-found/": uris,
  "several targets/server/2026-07-28/server-stateless/sep-2575-request-meta-invalid-missing-client-capabilities/": capabilities,
  "several targets/server/2026-07-28/server-stateless/sep-2575-http-server-meta-invalid-400/": capabilities,
  "several targets/server/2026-07-28/tasks-dispatch-and-envelope/sep-2663-tasks-get-invalid-task-id-32602/":
    "a task of no target is refused by the gateway, as it should be by the server",
  "a server with sessions/server/2026-07-28/input-required-result-basic-elicitation/": keys,
  "a server with sessions/server/2026-07-28/input-required-result-capability-check/":
    "the suite's tool looks for the client's capabilities in its request, where a server with sessions does not have them",
  "a server with sessions/server/2026-07-28/input-required-result-ignore-extra-params/": keys,
  "a server with sessions/server/2026-07-28/server-stateless/sep-2575-request-meta-invalid-missing-client-capabilities/": capabilities,
  "a server with sessions/server/2026-07-28/server-stateless/sep-2575-http-server-meta-invalid-400/": capabilities,
  "a server with sessions/server/2026-07-28/server-stateless/sep-2575-server-rejects-undeclared-capability/": undeclared,
  "a server with sessions/server/2026-07-28/server-stateless/sep-2575-missing-capability-http-400/": undeclared,
  "a server with sessions/server/2026-07-28/server-sse-multiple-streams/":
    "servers with sessions reply with streams, where the others reply with JSON",
  "a server without sessions/server/2025-11-25/server-sse-polling/": "without sessions there is nothing that a client could come back to",
  "stdio/server/2025-11-25/server-sse-polling/": "over stdio a stream has no events that a client could come back for",
};

const login =
  "about the client's own login at the server's URL: behind another URL it is another resource, and nothing of the gateway is tested";
/** Scenarios that are not run: the beginning of a verdict's key. An entry that leaves nothing out fails the test. */
export const leftOut: Readonly<Record<string, string>> = {
  "client/2025-11-25/auth/": login,
  "client/2026-07-28/auth/": login,
};
