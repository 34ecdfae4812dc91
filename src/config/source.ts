import { readFileSync } from "node:fs";

/** Where the configuration's text comes from. */
export interface ConfigSource {
  /** Shown in messages: a path, `<stdin>` or `<command line>`. */
  readonly name: string;
  /** The file to watch; undefined for a text that cannot change. */
  readonly file: string | undefined;
  /** Reads the text as it is now. */
  read(): string;
}

/** A file, read anew at each reload. */
export function fileSource(path: string): ConfigSource {
  return { name: path, file: path, read: () => readConfig(path) };
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`cannot read the configuration: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** A text given once: the command line, standard input, a test. */
export function textSource(text: string, name = "<command line>"): ConfigSource {
  return { name, file: undefined, read: () => text };
}
