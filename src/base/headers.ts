/**
 * HTTP fields in the order they came, names in lower case (RFC 9110 section 5.1: names are case-insensitive).
 * Stored as one flat array [name, value, name, value, ...]: the shape node:http and undici take and give, so a request
 * that no policy touches is forwarded without building another structure. A request has 10 to 20 fields, where a scan is
 * cheaper than a map.
 */
export class HeaderList {
  readonly flat: string[];

  /** Takes ownership of `flat`; its names must be in lower case. */
  constructor(flat: string[] = []) {
    this.flat = flat;
  }

  /** From node's `rawHeaders`: names as sent. */
  static fromRaw(raw: readonly string[]): HeaderList {
    const flat: string[] = [];
    for (let i = 0; i < raw.length; i += 2) {
      flat.push((raw[i] as string).toLowerCase(), raw[i + 1] as string);
    }
    return new HeaderList(flat);
  }

  /** From a record such as undici's parsed response headers; names must be in lower case. */
  static fromRecord(record: Readonly<Record<string, string | readonly string[] | undefined>>): HeaderList {
    const flat: string[] = [];
    for (const name in record) {
      const value = record[name];
      if (typeof value === "string") flat.push(name, value);
      else if (value !== undefined) for (const one of value) flat.push(name, one);
    }
    return new HeaderList(flat);
  }

  /** The first value of a field, undefined when it is absent. `name` in lower case. */
  get(name: string): string | undefined {
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
    return undefined;
  }

  /** Every value of a field, in order. `name` in lower case. */
  getAll(name: string): string[] {
    const found: string[] = [];
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) found.push(flat[i + 1] as string);
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Appends a field, keeping those of the same name. */
  add(name: string, value: string): void {
    this.flat.push(name, value);
  }

  /** Replaces every field of that name by one; in place of the first, so that the order stays. */
  set(name: string, value: string): void {
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] !== name) continue;
      flat[i + 1] = value;
      this.removeFrom(name, i + 2);
      return;
    }
    flat.push(name, value);
  }

  remove(name: string): void {
    this.removeFrom(name, 0);
  }

  clone(): HeaderList {
    return new HeaderList(this.flat.slice());
  }

  *entries(): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.flat.length; i += 2) yield [this.flat[i] as string, this.flat[i + 1] as string];
  }

  private removeFrom(name: string, start: number): void {
    const { flat } = this;
    let write = start;
    for (let read = start; read < flat.length; read += 2) {
      if (flat[read] === name) continue;
      flat[write] = flat[read] as string;
      flat[write + 1] = flat[read + 1] as string;
      write += 2;
    }
    flat.length = write;
  }
}
