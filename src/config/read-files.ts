import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/**
 * The files that one attempt to load a configuration read or looked for, with what they held: the attempt is repeated only
 * when one of them reads differently, so that a wrong configuration is complained of once.
 */
export class ReadFiles {
  private readonly texts = new Map<string, string | undefined>();

  /** Absolute paths, in the order in which they were read. */
  get paths(): readonly string[] {
    return [...this.texts.keys()];
  }

  /**
   * Reads a file as UTF-8 text.
   * @param path absolute, or relative to the working directory
   * @throws Error for the operator, naming the file
   */
  read(path: string): string {
    const absolute = resolve(path);
    const text = readNow(absolute);
    this.texts.set(absolute, text);
    if (text === undefined) throw new Error(`cannot read the file ${path} (looked for ${absolute})`);
    return text;
  }

  /** Notes a text that somebody else read from a file. */
  note(path: string, text: string): void {
    this.texts.set(resolve(path), text);
  }

  /** Whether a file reads differently now. One that is missing (being replaced) does not: the next event will tell. */
  changed(): boolean {
    return [...this.texts].some(([file, before]) => (readNow(file) ?? before) !== before);
  }
}

function readNow(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
