import { RecentMap } from "../base/recent-map.ts";
import type { Item, ItemKind } from "./item.ts";
import { isLonger, longName, mayBeShort, mayBeginWith, shortName } from "./short-name.ts";

/** What a client's name or URI stands for. */
export interface Resolved {
  readonly target: string;
  /** As the target knows it. */
  readonly name: string;
}

/** A name of which only lists tell what it stands for, and these targets' lists do. */
export interface OnlyListed {
  readonly among: readonly string[];
  /** What it most likely is: for policies in front of the backend, which no list has been asked for yet. */
  readonly likely: Resolved | undefined;
}

/**
 * How the names of several targets become names of one server, and back:
 * tools and prompts `<target>_<name>`, resources `<target>+<uri>`, MCP Apps `ui://<target>+<rest>`.
 * Target names hold neither `_` nor `+`, so the first of them always separates.
 *
 * A tool or prompt whose name would have too many characters goes by a short form (short-name.ts), and by no other.
 * Characters stay as they are, those that some LLM APIs refuse included.
 */
export interface Names {
  /** True when every name goes through unchanged: then nothing has to be rewritten, in either direction. */
  readonly plain: boolean;
  publish(item: Pick<Item, "kind" | "target" | "name">): string;
  /** Whether an item goes by a short form. */
  shortens(item: Pick<Item, "kind" | "target" | "name">): boolean;
  /**
   * What is published under a name.
   * @returns undefined when nothing can be: no target's prefix, or a form that `publish` does not make
   */
  resolve(kind: ItemKind, published: string): Resolved | OnlyListed | undefined;
}

/** Which names there are. */
export interface NamesSettings {
  /** The reference's. */
  readonly prefixMode: "conditional" | "always" | "never";
  readonly targets: readonly string[];
  /** Characters of a published name of a tool or prompt; at least `minNameLength`. */
  readonly maxNameLength: number;
}

export function createNames({ prefixMode, targets, maxNameLength }: NamesSettings): Names {
  const only = targets.length === 1 ? targets[0] : undefined;
  if (only !== undefined && prefixMode !== "always") return plainNames(only);
  return manyNames(targets, prefixMode === "never" ? bareNames(targets, maxNameLength) : prefixedNames(targets, maxNameLength));
}

function plainNames(target: string): Names {
  return {
    plain: true,
    publish: ({ name }) => name,
    shortens: () => false,
    resolve: (_kind, name) => ({ target, name }),
  };
}

/** How tools and prompts are named. */
interface CallableNames {
  publish(target: string, name: string): string;
  shortens(target: string, name: string): boolean;
  resolve(published: string): Resolved | OnlyListed | undefined;
}

function manyNames(targets: readonly string[], callables: CallableNames): Names {
  const known = new Set(targets);
  return {
    plain: false,
    publish({ kind, target, name }) {
      if (kind === "resource") return publishUri(target, name);
      return kind === "task" ? `${target}+${name}` : callables.publish(target, name);
    },
    shortens: ({ kind, target, name }) => (kind === "tool" || kind === "prompt") && callables.shortens(target, name),
    resolve(kind, published) {
      if (kind === "resource") return resolveUri(known, published);
      return kind === "task" ? splitAt(known, published, "+") : callables.resolve(published);
    },
  };
}

/** Names as the targets have them: equal ones are nobody's, so the target must not show in a short form either. */
function bareNames(targets: readonly string[], maxNameLength: number): CallableNames {
  const listed = { among: targets, likely: undefined };
  return {
    publish: (_target, name) => (isLonger(name, maxNameLength) ? shortName(undefined, name, maxNameLength) : name),
    shortens: (_target, name) => isLonger(name, maxNameLength),
    resolve: (published) => (isLonger(published, maxNameLength) ? undefined : listed),
  };
}

function prefixedNames(targets: readonly string[], maxNameLength: number): CallableNames {
  const known = new Set(targets);
  const shortened = new RecentMap<string, Resolved>(maxRemembered);
  const shortens = (target: string, name: string): boolean => isLonger(longName(target, name), maxNameLength);
  return {
    shortens,
    publish(target, name) {
      if (!shortens(target, name)) return longName(target, name);
      const short = shortName(target, name, maxNameLength);
      shortened.set(short, { target, name });
      return short;
    },
    resolve(published) {
      if (isLonger(published, maxNameLength)) return undefined;
      const split = splitAt(known, published, "_");
      if (!mayBeShort(published, maxNameLength)) return split;
      const beginning = published.slice(0, published.indexOf("_"));
      const among = targets.filter((target) => mayBeginWith(target, beginning, maxNameLength));
      // not yet listed here: the target is right and the name begins as it should
      return among.length === 0 ? undefined : { among, likely: shortened.get(published) ?? split };
    },
  };
}

/** Shortened names. */
const maxRemembered = 8_192;

const appScheme = "ui://";

/** Relative references name nothing outside their server and stay as they are. */
function publishUri(target: string, uri: string): string {
  if (uri.startsWith(appScheme)) return `${appScheme}${target}+${uri.slice(appScheme.length)}`;
  return /^[a-z][a-z0-9+.-]*:/i.test(uri) ? `${target}+${uri}` : uri;
}

function resolveUri(targets: ReadonlySet<string>, uri: string): Resolved | undefined {
  if (!uri.startsWith(appScheme)) return splitAt(targets, uri, "+");
  const found = splitAt(targets, uri.slice(appScheme.length), "+");
  return found === undefined ? undefined : { target: found.target, name: appScheme + found.name };
}

function splitAt(targets: ReadonlySet<string>, published: string, separator: string): Resolved | undefined {
  const at = published.indexOf(separator);
  const target = published.slice(0, at);
  return at > 0 && targets.has(target) ? { target, name: published.slice(at + 1) } : undefined;
}
