/**
 * Where a run through the gateway may end otherwise than one without it, and why: the beginning of a verdict's key (see
 * suite.ts). An entry that explains no difference fails the test.
 */
export const expectedDifferences: Readonly<Record<string, string>> = {};

/** Where the official SDK itself fails, gateway or not. An entry under which nothing fails, or a scored scenario does, fails the test. */
const tasks = "the SDK's server has no tasks extension";
export const expectedWithoutGateway: Readonly<Record<string, string>> = {
  "server/2026-07-28/tasks-": tasks,
};

/** Scenarios that are not run. An entry that leaves nothing out fails the test. */
const oauth =
  "about the client's own login at the server's URL: behind another URL it is another resource, and nothing of the gateway is tested";
export const leftOut: Readonly<Record<string, string>> = {
  "client/2025-11-25/auth/": oauth,
  "client/2026-07-28/auth/": oauth,
};
