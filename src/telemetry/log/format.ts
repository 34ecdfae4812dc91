/** How a line is written. A line is `start`, any number of `prefix` + `value`, and `end`. */
export interface LineFormat {
  readonly name: "text" | "json";
  /** @param message absent in the access log */
  start(time: string, level: string, scope: string, message?: string): string;
  /** What stands before a field's value; made once per field where the name is known at load. */
  prefix(name: string): string;
  /** Plain JSON data as a field's value, never with a line break or a quote that ends it. */
  value(value: unknown): string;
  readonly end: string;
}

/** Characters that end a line or change its look in some terminal or viewer though JSON leaves them as they are. */
const disguising = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Printable ASCII without quote and backslash: what JSON puts between quotes as it is. */
const plainJson = /^[ !#-[\]-~]*$/;

/** JSON text on one line, whatever shows it. `value` must be JSON data; undefined becomes null. */
function json(value: unknown): string {
  if (typeof value === "string" && plainJson.test(value)) return `"${value}"`;
  const text = JSON.stringify(value) ?? "null";
  return text.replace(disguising, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Printable ASCII without space, quote and backslash: cannot be mistaken for anything else in a line. */
const plain = /^[!#-[\]-~]+$/;

function bareOrQuoted(text: string): string {
  return plain.test(text) ? text : json(text);
}

/**
 * The reference project's text form: `<time>\t<level>\t<scope>\t<message>\tkey=value key=value`; in the access log, where
 * there is no message, the fields follow the scope after a space. A value stands bare where it is printable ASCII without
 * space, quote and backslash, else as a JSON string; objects and lists are first made JSON.
 */
const textFormat: LineFormat = {
  name: "text",
  start: (time, level, scope, message) => `${time}\t${level}\t${scope}${message === undefined ? "" : `\t${oneLine(message)}\t`}`,
  prefix: (name) => ` ${name.slice(0, 200).replace(/[^!#-<>-[\]-~]/g, "_")}=`,
  value: (value) => (typeof value === "number" ? String(value) : bareOrQuoted(typeof value === "string" ? value : json(value))),
  end: "\n",
};

/** A message is prose: its spaces and quotes stay, control characters do not. */
function oneLine(message: string): string {
  return json(message).slice(1, -1).replaceAll('\\"', '"');
}

/** One JSON object per line. */
const jsonFormat: LineFormat = {
  name: "json",
  start: (time, level, scope, message) =>
    `{"level":"${level}","time":"${time}","scope":"${scope}"${message === undefined ? "" : `,"message":${json(message)}`}`,
  prefix: (name) => `,${json(name)}:`,
  value: (value) => (typeof value === "number" && Number.isFinite(value) ? String(value) : json(value)),
  end: "}\n",
};

export function lineFormat(name: "text" | "json"): LineFormat {
  return name === "json" ? jsonFormat : textFormat;
}
