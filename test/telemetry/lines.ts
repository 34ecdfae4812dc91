import { type LogOutput, LineWriter, type LineWriterSettings } from "../../src/telemetry/log/line-writer.ts";

/** An output that keeps what is written, and can be stuck. */
export class MemoryOutput implements LogOutput {
  text = "";
  writes = 0;
  stuck = false;
  error: Error | undefined;
  private waiting: (() => void) | undefined;

  write(text: string, done: (error?: Error | null) => void): void {
    this.writes++;
    const finish = () => {
      if (this.error === undefined) this.text += text;
      done(this.error);
    };
    if (this.stuck) this.waiting = finish;
    else queueMicrotask(finish);
  }

  release(): void {
    this.stuck = false;
    this.waiting?.();
    this.waiting = undefined;
  }
}

/** A writer into memory. `lines()` closes it and gives what was written, without line feeds. */
export function memoryWriter(settings: Partial<LineWriterSettings> = {}) {
  const output = new MemoryOutput();
  const writer = new LineWriter({ output, droppedLine: (count) => `dropped ${count}\n`, ...settings });
  const lines = async (): Promise<string[]> => {
    await writer.close();
    return output.text === "" ? [] : output.text.replace(/\n$/, "").split("\n");
  };
  return { output, writer, lines };
}

/**
 * A strict reader of a text line: `time level scope key=value ...`, where a value is bare printable ASCII or a JSON text.
 * @throws Error where the line could be read in two ways
 */
export function readTextLine(line: string): { time: string; level: string; scope: string; fields: [name: string, value: string][] } {
  const head = /^([^\t ]+)\t([a-z]+)\t([a-z]+)/.exec(line);
  if (head === null) throw new Error(`no head: ${line}`);
  const fields: [string, string][] = [];
  let at = head[0].length;
  while (at < line.length) {
    const name = /^ ([^ ="\\]+)=/.exec(line.slice(at));
    if (name === null) throw new Error(`no field at ${at}: ${line}`);
    at += name[0].length;
    const rest = line.slice(at);
    const value = /^"(?:[^"\\\p{Cc}\p{Zl}\p{Zp}]|\\.)*"(?= |$)/u.exec(rest)?.[0] ?? /^[!#-~]*(?= |$)/.exec(rest)?.[0];
    if (value === undefined) throw new Error(`no value at ${at}: ${line}`);
    fields.push([name[1] as string, value.startsWith('"') ? (JSON.parse(value) as string) : value]);
    at += value.length;
  }
  return { time: head[1] as string, level: head[2] as string, scope: head[3] as string, fields };
}
