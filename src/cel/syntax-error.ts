/** An expression that cannot be used, found when the configuration is loaded. The message begins with line and column. */
export class CelSyntaxError extends Error {
  override readonly name = "CelSyntaxError";
  /** What is wrong, without the place. */
  readonly detail: string;
  /** Both count from 1; columns count characters. */
  readonly line: number;
  readonly column: number;

  constructor(source: string, offset: number, detail: string) {
    const { line, column } = positionAt(source, offset);
    super(`${line}:${column}: ${detail}`);
    this.detail = detail;
    this.line = line;
    this.column = column;
  }
}

/** Line and column, both from 1, of an index into a text. */
export function positionAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: Array.from(before.slice(lineStart)).length + 1 };
}
