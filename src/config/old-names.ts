import { formatPath } from "./issues.ts";
import type { Path } from "./issues.ts";
import { find, places } from "./places.ts";

/**
 * Spellings that older versions of agentgateway, or texts about it, have and today's refuse. They are rewritten to
 * what they mean before the schema sees the document, each with a warning.
 */

type Tree = Record<string, unknown>;

/** A value that now stands elsewhere than it was written; both are paths from the root. */
export interface Move {
  readonly now: Path;
  readonly was: Path;
}

interface Rewrite {
  /** Objects that can have the old key. */
  readonly places: readonly string[];
  readonly key: string;
  /** What it is called now, for the warning. */
  readonly now: string;
  /** Puts the value where it belongs and says where that is; undefined = it cannot be put there, leave it. */
  readonly put: (value: unknown, around: Around) => Path | undefined;
}

interface Around {
  readonly root: Tree;
  readonly object: Tree;
  readonly path: Path;
}

const stdio = places.mcpTargets.map((place) => `${place}.stdio`);
const inPolicies = (name: string): string[] => places.policies.map((place) => `${place}.${name}`);

export const rewrites: readonly Rewrite[] = [
  // From an article of April 2026; there never was such a key.
  { places: ["config"], key: "port", now: "binds[].port", put: giveToBind },
  // Up to 0.10.
  { places: inPolicies("mcpAuthentication"), key: "jwksUrl", now: "jwks.url", put: as("jwks", (url) => ({ url }), ["url"]) },
  { places: inPolicies("mcpAuthentication"), key: "audience", now: "audiences", put: as("audiences", (audience) => [audience].flat()) },
  {
    places: inPolicies("extAuthz"),
    key: "failOpen",
    now: "failureMode",
    put: as("failureMode", (open) => (open === true ? "allow" : "deny")),
  },
  {
    places: inPolicies("extAuthz"),
    key: "statusOnError",
    now: "failureMode.denyWithStatus",
    put: as("failureMode", (denyWithStatus) => ({ denyWithStatus }), ["denyWithStatus"]),
  },
  { places: places.policies, key: "backendTls", now: "backendTLS", put: as("backendTLS") },
  { places: ["binds.*.listeners.*"], key: "gatewayPolicies", now: "policies", put: as("policies") },
  // Its neighbours are all in camel case.
  { places: stdio, key: "clearEnv", now: "clear_env", put: as("clear_env") },
  // Up to 0.9.
  ...listenerSettings("http", [
    "maxBufferSize",
    "http1MaxHeaders",
    "http1IdleTimeout",
    "http2WindowSize",
    "http2ConnectionWindowSize",
    "http2FrameSize",
    "http2KeepaliveInterval",
    "http2KeepaliveTimeout",
  ]),
  {
    places: ["config.listener"],
    key: "tlsHandshakeTimeout",
    now: "frontendPolicies.tls.handshakeTimeout",
    put: frontendSetting("tls", "handshakeTimeout"),
  },
];

export interface OldName {
  readonly path: Path;
  readonly message: string;
}

/**
 * Rewrites `tree` in place.
 * @returns what was rewritten, and where it went
 */
export function rewriteOldNames(tree: unknown): { readonly found: readonly OldName[]; readonly moves: readonly Move[] } {
  const found: OldName[] = [];
  const moves: Move[] = [];
  for (const rewrite of rewrites) {
    for (const { path, value: object } of find(tree, rewrite.places)) {
      if (!isTree(object) || !Object.hasOwn(object, rewrite.key)) continue;
      const now = rewrite.put(object[rewrite.key], { root: tree as Tree, object, path });
      if (now === undefined) continue;
      delete object[rewrite.key];
      const was = [...path, rewrite.key];
      moves.push({ now, was });
      found.push({ path: was, message: `is an old spelling, taken as \`${rewrite.now}\`` });
    }
  }
  removeEmptyListener(tree);
  return { found, moves };
}

/** The path as it was written, for one in the rewritten tree. */
export function pathAsWritten(path: Path, moves: readonly Move[]): Path {
  for (const { now, was } of moves) {
    if (now.length <= path.length && formatPath(path.slice(0, now.length)) === formatPath(now)) return [...was, ...path.slice(now.length)];
  }
  return path;
}

/**
 * Puts the value under another key of the same object, unless that is taken.
 * @param inner where it is in what `change` made of it
 */
function as(key: string, change: (value: unknown) => unknown = (value) => value, inner: Path = []): Rewrite["put"] {
  return (value, { object, path }) => {
    if (Object.hasOwn(object, key)) return undefined;
    object[key] = change(value);
    return [...path, key, ...inner];
  };
}

/** The one bind without a port is the one that was meant. */
function giveToBind(value: unknown, { root }: Around): Path | undefined {
  const without = find(root, ["binds.*"]).filter(({ value: bind }) => isTree(bind) && !Object.hasOwn(bind, "port"));
  const bind = without.length === 1 ? without[0] : undefined;
  if (bind === undefined) return undefined;
  (bind.value as Tree)["port"] = value;
  return [...bind.path, "port"];
}

function listenerSettings(group: string, keys: readonly string[]): Rewrite[] {
  return keys.map((key) => ({
    places: ["config.listener"],
    key,
    now: `frontendPolicies.${group}.${key}`,
    put: frontendSetting(group, key),
  }));
}

function frontendSetting(group: string, key: string): Rewrite["put"] {
  return (value, { root }) => {
    const target = child(child(root, "frontendPolicies"), group);
    if (target === undefined || Object.hasOwn(target, key)) return undefined;
    target[key] = value;
    return ["frontendPolicies", group, key];
  };
}

/** The object under `key`, made when there is none; undefined when something else is there. */
function child(parent: Tree | undefined, key: string): Tree | undefined {
  if (parent === undefined) return undefined;
  if (!Object.hasOwn(parent, key)) parent[key] = {};
  const value = parent[key];
  return isTree(value) ? value : undefined;
}

/** What is left of `config.listener` when all of it has found its place. */
function removeEmptyListener(tree: unknown): void {
  for (const { value } of find(tree, ["config"])) {
    if (isTree(value) && isTree(value["listener"]) && Object.keys(value["listener"]).length === 0) delete value["listener"];
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
