import { CelObject } from "../value.ts";

/** How to read each field of something; undefined means that it is not there. */
export type FieldTable<Subject> = ReadonlyMap<string, (subject: Subject) => unknown>;

export function fieldTable<Subject>(fields: Readonly<Record<string, (subject: Subject) => unknown>>): FieldTable<Subject> {
  return new Map(Object.entries(fields));
}

/** A map of a fixed set of fields, each read from its subject when an expression asks for it. Nothing is copied. */
export class FieldView<Subject> extends CelObject {
  readonly #subject: Subject;
  readonly #fields: FieldTable<Subject>;

  constructor(subject: Subject, fields: FieldTable<Subject>) {
    super();
    this.#subject = subject;
    this.#fields = fields;
  }

  get(name: string): unknown {
    return this.#fields.get(name)?.(this.#subject);
  }

  keys(): Iterable<string> {
    return this.#fields.keys();
  }
}
