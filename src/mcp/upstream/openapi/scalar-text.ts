/** Arguments that cannot be sent. The text is for whoever made them up: a model, mostly. */
export class ArgumentError extends Error {}

/** A whole number that a double cannot hold, as the client wrote it: record ids are often that long. */
export class LongInteger {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/**
 * A text, number or boolean as it stands in a path, query or header field.
 * @param what name of the argument, for the message
 * @throws ArgumentError
 */
export function scalarText(what: string, value: unknown): string {
  if (value instanceof LongInteger) return value.digits;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") throw new ArgumentError(`"${what}" must be a text, a number or true or false`);
  if (!value.isWellFormed()) throw new ArgumentError(`"${what}" holds half a character`);
  return value;
}

/** The texts of a value and of the values in a list; for an object, its names and values in turn. @throws ArgumentError */
export function commaList(what: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.map((one: unknown) => scalarText(what, one));
  if (typeof value !== "object" || value === null || value instanceof LongInteger) return [scalarText(what, value)];
  return Object.entries(value).flatMap(([name, member]) => [scalarText(what, name), scalarText(`${what}.${name}`, member)]);
}

/** A value as JSON text, for parameters whose `content` says so. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (member instanceof LongInteger ? Number(member.digits) : member));
}
