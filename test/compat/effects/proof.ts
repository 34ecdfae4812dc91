/** How a key of the configuration is shown to have an effect: nothing that is written may be silently ignored. */

export interface Proof {
  /** The keys that it is about: `Definition.path`, or `document.path` for what is in no definition. `*` at the end is every key there. */
  readonly keys: readonly string[];
  /** What is to be seen, as the name of a test. */
  readonly shows: string;
  readonly run: () => void | Promise<void>;
}

/** Keys whose effect other tests show. Each key's name must occur in one of the files. */
export interface ProvenElsewhere {
  readonly keys: readonly string[];
  readonly by: readonly string[];
}

/** Keys of one definition: `of("cors", "maxAge allowOrigins")`. */
export function of(definition: string, paths: string): readonly string[] {
  return paths.split(" ").map((path) => `${definition}.${path}`);
}

export function proof(keys: readonly string[], shows: string, run: Proof["run"]): Proof {
  return { keys, shows, run };
}

export function elsewhere(keys: readonly string[], ...by: readonly string[]): ProvenElsewhere {
  return { keys, by };
}
