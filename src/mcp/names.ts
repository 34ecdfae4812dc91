import type { Item, ItemKind } from "./item.ts";

/** What a client's name or URI stands for. */
export interface Resolved {
  readonly target: string;
  /** As the target knows it. */
  readonly name: string;
}

/**
 * How the names of several targets become names of one server, and back:
 * tools and prompts `<target>_<name>`, resources `<target>+<uri>`, MCP Apps `ui://<target>+<rest>`.
 * Target names hold neither `_` nor `+`, so the first of them always separates.
 */
export interface Names {
  /** True when every name goes through unchanged: then nothing has to be rewritten, in either direction. */
  readonly plain: boolean;
  /** True when tools and prompts keep their names although there are several targets: only lists tell the owner. */
  readonly ownersFromLists: boolean;
  publish(item: Pick<Item, "kind" | "target" | "name">): string;
  /** undefined when the name has no target's prefix, or when only lists tell. */
  resolve(kind: ItemKind, published: string): Resolved | undefined;
}

/** @param mode the reference's `prefixMode` */
export function createNames(mode: "conditional" | "always" | "never", targets: readonly string[]): Names {
  const only = targets.length === 1 ? targets[0] : undefined;
  if (only !== undefined && mode !== "always") return plainNames(only);
  return prefixedNames(new Set(targets), mode === "never");
}

function plainNames(target: string): Names {
  return {
    plain: true,
    ownersFromLists: false,
    publish: ({ name }) => name,
    resolve: (_kind, name) => ({ target, name }),
  };
}

function prefixedNames(targets: ReadonlySet<string>, ownersFromLists: boolean): Names {
  return {
    plain: false,
    ownersFromLists,
    publish({ kind, target, name }) {
      if (kind === "resource") return publishUri(target, name);
      if (kind === "task") return `${target}+${name}`;
      return ownersFromLists ? name : `${target}_${name}`;
    },
    resolve(kind, published) {
      if (kind === "resource") return resolveUri(targets, published);
      if (kind === "task") return split(targets, published, "+");
      return ownersFromLists ? undefined : split(targets, published, "_");
    },
  };
}

const appScheme = "ui://";

/** Relative references name nothing outside their server and stay as they are. */
function publishUri(target: string, uri: string): string {
  if (uri.startsWith(appScheme)) return `${appScheme}${target}+${uri.slice(appScheme.length)}`;
  return /^[a-z][a-z0-9+.-]*:/i.test(uri) ? `${target}+${uri}` : uri;
}

function resolveUri(targets: ReadonlySet<string>, uri: string): Resolved | undefined {
  if (!uri.startsWith(appScheme)) return split(targets, uri, "+");
  const found = split(targets, uri.slice(appScheme.length), "+");
  return found === undefined ? undefined : { target: found.target, name: appScheme + found.name };
}

function split(targets: ReadonlySet<string>, published: string, separator: string): Resolved | undefined {
  const at = published.indexOf(separator);
  const target = published.slice(0, at);
  return at > 0 && targets.has(target) ? { target, name: published.slice(at + 1) } : undefined;
}
