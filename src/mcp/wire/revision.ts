import type { JsonObject } from "../../base/json.ts";
import type { ItemKind } from "../item.ts";

/** One published revision of the protocol. */
export interface Revision {
  /** Its name on the wire, a date. */
  readonly name: string;
  /** True when there are no sessions: every request stands alone and carries who asks and what they are able to. */
  readonly stateless: boolean;
  /** What a client may ask for, and where each request goes. */
  readonly methods: ReadonlyMap<string, Method>;
  /** What a list made of several targets' has beside its elements: members of the `result`, JSON text without braces; may be "". */
  readonly listMembers: string;
}

/** Where a request of a client goes. */
export type Method = InitializeMethod | DiscoverMethod | ListenMethod | EveryoneMethod | ListMethod | ItemMethod;

/** Opens the session at every target; the results become one. */
export interface InitializeMethod {
  readonly routing: "initialize";
}

/** Asks every target what it is; the results become one. */
export interface DiscoverMethod {
  readonly routing: "discover";
}

/** Opens a stream of what targets say of their own accord. */
export interface ListenMethod {
  readonly routing: "listen";
}

/** Goes to every target that has the capability; the answer is an empty result. */
export interface EveryoneMethod {
  readonly routing: "everyone";
  /** undefined = every server has it. */
  readonly capability: string | undefined;
}

/** Goes to every target that has the capability; the lists become one. */
export interface ListMethod {
  readonly routing: "list";
  readonly capability: string;
  readonly item: ItemKind;
  /** The array in the result. */
  readonly member: string;
  /** What an element is known by: `name`, `uri`, ... */
  readonly key: string;
}

/** Goes to the one target that owns the item. */
export interface ItemMethod {
  readonly routing: "item";
  /** undefined when the parameters do not name an item. */
  readonly locate: (params: JsonObject) => ItemReference | undefined;
  /** The result holds `contents` with URIs of the target. */
  readonly contents?: boolean;
}

/** Where a request names its item: the path of the member in `params`. */
export interface ItemReference {
  readonly kind: ItemKind;
  readonly path: readonly string[];
  readonly name: string;
}

/** A method that names its item by one string member of `params`. */
export function itemMethod(kind: ItemKind, member: string, contents = false): ItemMethod {
  const path = [member];
  return {
    routing: "item",
    contents,
    locate(params) {
      const name = params[member];
      return typeof name === "string" ? { kind, path, name } : undefined;
    },
  };
}
