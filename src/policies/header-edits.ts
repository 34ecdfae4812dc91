import type { HeaderList } from "../base/headers.ts";
import { isHopByHop } from "../base/hop-by-hop.ts";
import type { HeaderModifier } from "../contract/config/header-modifier.ts";
import { fieldValue } from "./field-value.ts";

/** Changes to headers, ready to be done: add, then set, then remove, each in the order of the file. */
export interface HeaderEdits {
  readonly apply: (headers: HeaderList) => void;
  /** What `host` is set to: in HTTP the authority, so it is not among the fields. */
  readonly host: string | undefined;
}

/**
 * @param warn told about fields that cannot be changed by configuration
 * @throws Error for a value that no header can have
 */
export function compileHeaderEdits(config: HeaderModifier, warn: (message: string) => void): HeaderEdits {
  const add = usable(config.add, "add", warn);
  const set = usable(config.set, "set", warn);
  if (config.remove.includes("host")) warn("remove: `host` stays: a request without it is no HTTP request");
  const remove = config.remove.filter((name) => name !== "host");
  const host = config.set["host"] ?? config.add["host"];
  return {
    host,
    apply: (headers) => {
      for (const [name, value] of add) headers.add(name, value);
      for (const [name, value] of set) headers.set(name, value);
      for (const name of remove) headers.remove(name);
    },
  };
}

type Field = readonly [name: string, value: string];

function usable(fields: Readonly<Record<string, string>>, key: string, warn: (message: string) => void): Field[] {
  const found: Field[] = [];
  for (const [name, text] of Object.entries(fields)) {
    const value = fieldValue(text);
    if (value === undefined) throw new Error(`${key}.${name}: the value holds a line break or another control character`);
    if (isFraming(name)) warn(`${key}.${name} is ignored: it belongs to one connection, and the gateway sets it itself`);
    else if (name !== "host") found.push([name, value]);
  }
  return found;
}

/** Fields that say where a message ends or belong to one connection: set by hand they would desynchronise the two sides. */
export function isFraming(name: string): boolean {
  return name === "content-length" || isHopByHop(name);
}
