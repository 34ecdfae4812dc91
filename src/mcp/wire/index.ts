import { revision as revision20241105 } from "./2024-11-05/registry.ts";
import { revision as revision20250326 } from "./2025-03-26/registry.ts";
import { revision as revision20250618 } from "./2025-06-18/registry.ts";
import { revision as revision20251125 } from "./2025-11-25/registry.ts";
import { revision as revision20260728 } from "./2026-07-28/registry.ts";
import type { Revision } from "./revision.ts";

/** The revisions the gateway speaks, oldest first. */
export const revisions: readonly Revision[] = [revision20241105, revision20250326, revision20250618, revision20251125, revision20260728];

export const supportedVersions: readonly string[] = revisions.map(({ name }) => name);

/** The newest one with sessions: what the gateway offers to servers that it greets on its own account. */
export const latestRevision: Revision = revision20251125;

/** The newest one without sessions: what the gateway sends to servers that have no others. */
export const statelessRevision: Revision = revision20260728;

/** What a client speaks that does not say: the specification's rule for a missing MCP-Protocol-Version. */
export const assumedRevision: Revision = revision20250326;

const byName = new Map(revisions.map((revision) => [revision.name, revision]));

export function findRevision(name: string): Revision | undefined {
  return byName.get(name);
}

/** The revision that an `initialize` is answered with, if servers allow: what it asks for, or the newest that has sessions. */
export function revisionFor(requested: string): Revision {
  const revision = findRevision(requested);
  return revision === undefined || revision.stateless ? latestRevision : revision;
}
