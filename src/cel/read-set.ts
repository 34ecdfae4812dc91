/**
 * What an expression can read, known without evaluating it. Callers decide by it which bodies to buffer and which
 * attributes to keep for later phases.
 */
export class ReadSet {
  readonly roots: ReadonlySet<string>;
  /** Dotted paths as far as they are fixed: `jwt.email`, `request.headers.host`, or a root that is used whole. */
  readonly paths: ReadonlySet<string>;
  /** Whether `variables()` is called, which reads everything. */
  readonly variables: boolean;

  constructor(paths: ReadonlySet<string>, variables: boolean) {
    this.paths = paths;
    this.variables = variables;
    this.roots = new Set(Array.from(paths, (path) => path.split(".", 1)[0] as string));
  }

  /** Whether the value at a path, or anything inside of it, may be read: `reads("request.body")`, `reads("llm")`. */
  reads(path: string): boolean {
    if (this.variables || this.paths.has(path)) return true;
    for (const read of this.paths) if (read.startsWith(`${path}.`) || path.startsWith(`${read}.`)) return true;
    return false;
  }

  /** What any of several expressions can read. */
  static union(sets: Iterable<ReadSet>): ReadSet {
    const paths = new Set<string>();
    let variables = false;
    for (const set of sets) {
      variables ||= set.variables;
      for (const path of set.paths) paths.add(path);
    }
    return new ReadSet(paths, variables);
  }
}
