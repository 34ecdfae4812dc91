import * as z from "zod";

/**
 * How configuration schemas are put together, beyond what zod has: optional keys that also take null, "exactly one of
 * these keys", policies with conditions, and the marks for keys that are not built yet or are ours alone.
 */

/** JSON Schema keywords that carry the marks; the docs, `--portable` and the list of used files read them there. */
export const marks = {
  /** On a key: the feature exists in the language but not in this version. Its value says which feature. */
  notYet: "x-not-yet",
  /** On a key that works, except for these of its values. */
  notYetValues: "x-not-yet-values",
  /** On a key of ours that the reference project does not know. Its value says what it is for. */
  extension: "x-extension",
} as const;

/** What a custom issue tells the loader apart from its text. */
export interface IssueParams {
  readonly kind: "not-yet" | "none-chosen";
}

/** Checks that must speak up even when something else in the same object is wrong too. */
const always = (): boolean => true;

/** An optional key that may also be written with nothing behind it (YAML null); both read as absent. */
export function maybe<S extends z.ZodType>(schema: S) {
  return z.union([schema.optional(), z.null().transform(() => undefined)]);
}

/** A key with a default, where null stands for the default too. `fallback` is written as in a file. */
export function orDefault<S extends z.ZodType>(schema: S, fallback: z.input<S>) {
  const orNull = z.union([schema, z.null().transform(() => schema.parse(fallback))]);
  return orNull.prefault(fallback as z.input<typeof orNull> & {});
}

/**
 * A key of the reference's language that this version does not serve. It is read and checked like any other, and any
 * value makes an issue of kind "not supported yet". Its output type is `never`, so nothing can be compiled from it.
 */
export function notYet<S extends z.ZodType>(schema: S, what: string): z.ZodType<never, z.input<S>> {
  return schema
    .refine(() => false, { when: always, error: notYetText(what), params: { kind: "not-yet" } satisfies IssueParams })
    .transform((): never => undefined as never)
    .meta({ [marks.notYet]: what });
}

/** A key that works, except for some of its values. */
export function notYetValues<S extends z.ZodType>(schema: S, values: readonly unknown[], what: string): S {
  return schema
    .refine((value) => !values.includes(value), {
      when: always,
      error: notYetText(what),
      params: { kind: "not-yet" } satisfies IssueParams,
    })
    .meta({ [marks.notYetValues]: values });
}

function notYetText(what: string): string {
  return `not supported yet: ${what}`;
}

/** A key that only this gateway has. `--portable` lists the ones a file uses. */
export function extension<S extends z.ZodType>(schema: S, what: string): S {
  return schema.meta({ [marks.extension]: what });
}

/**
 * A union of maps. zod's own lets an alternative win whose only fault is an unknown key; here that is a fault like any
 * other, so that the alternative can be found that was meant.
 */
export function alternatives<const T extends readonly z.ZodType[]>(options: T): z.ZodUnion<T> {
  const strict = options.map((option) =>
    option.check((payload) => {
      if (payload.issues.some(({ code }) => code === "unrecognized_keys")) payload.aborted = true;
    }),
  );
  return z.union(strict as unknown as T);
}

type Variants = Readonly<Record<string, z.ZodType>>;

type Flat<T> = { [K in keyof T]: T[K] } & {};

/** zod gives an object without keys the type of a record. */
type OutputOf<R extends z.ZodRawShape> = keyof R extends never ? {} : z.output<z.ZodObject<R>>;
type InputOf<R extends z.ZodRawShape> = keyof R extends never ? {} : z.input<z.ZodObject<R>>;

/** One member per key, told apart by `kind`; keys that are not built yet have no member. */
export type OneOf<V extends Variants, R extends z.ZodRawShape> = {
  [K in keyof V & string]: [z.output<V[K]>] extends [never] ? never : Flat<{ kind: K } & { [P in K]: z.output<V[K]> } & OutputOf<R>>;
}[keyof V & string];

type OneOfInput<V extends Variants, R extends z.ZodRawShape> = InputOf<R> & {
  [K in keyof V & string]?: z.input<V[K]> | undefined;
};

/**
 * An object with exactly one of `variants`' keys, beside the keys of `rest`.
 * Output: the object with `kind` = the key that was written.
 */
export function exactlyOne<const V extends Variants, const R extends z.ZodRawShape = {}>(
  variants: V,
  rest?: R,
): z.ZodType<OneOf<V, R>, OneOfInput<V, R>> {
  const keys = Object.keys(variants);
  const served = keys.filter((key) => z.globalRegistry.get(variants[key]!)?.[marks.notYet] === undefined);
  const optional = Object.fromEntries(keys.map((key) => [key, variants[key]!.optional()]));
  const object = z
    .strictObject({ ...optional, ...rest })
    .refine((value) => present(value, keys).length > 0, {
      when: isMap,
      params: { kind: "none-chosen" } satisfies IssueParams,
      error: `needs ${choices(served)}`,
    })
    .refine((value) => present(value, keys).length < 2, {
      when: isMap,
      error: ({ input }) => `needs ${choices(served)}, but has ${present(input, keys).map(quote).join(" and ")}`,
    })
    .meta({ oneOf: keys.map((key) => ({ required: [key] })) });
  const tagged = object.transform((value) => ({ kind: present(value, keys)[0], ...value }));
  return tagged as unknown as z.ZodType<OneOf<V, R>, OneOfInput<V, R>>;
}

function present(value: unknown, keys: readonly string[]): string[] {
  return isPlainObject(value) ? keys.filter((key) => Object.hasOwn(value, key)) : [];
}

function isMap({ value }: { readonly value: unknown }): boolean {
  return isPlainObject(value);
}

function choices(keys: readonly string[]): string {
  return keys.length < 2 ? keys.map(quote).join("") : `exactly one of ${keys.map(quote).join(", ")}`;
}

function quote(key: string): string {
  return `\`${key}\``;
}

/** Allows one of the two spellings that some keys have. Pairs are the usual spelling and the other one. */
export function oneSpelling<S extends z.ZodType>(schema: S, pairs: readonly (readonly [string, string])[]): S {
  return schema
    .superRefine(
      (value, context) => {
        for (const [usual, other] of pairs) {
          if (present(value, [usual, other]).length < 2) continue;
          context.addIssue({ code: "custom", path: [other], message: `is the same as ${quote(usual)}; keep one` });
        }
      },
      { when: isMap },
    )
    .meta({ allOf: pairs.map((pair) => ({ not: { required: pair } })) });
}

/** A branch of a conditional policy: the policy's own keys, and the condition under which it is the one that applies. */
export type Conditional<Policy, Expression> = Policy & { readonly condition?: Expression | undefined };

const maxConditionalEntries = 64;

/** Makes a policy's schema with the given keys added to its own. */
type Build<Policy, Input, E extends z.ZodType> = (extra: {
  condition?: z.ZodType<z.output<E> | undefined, z.input<E> | null | undefined>;
}) => z.ZodType<Policy, Input>;

/**
 * `{conditional: [{condition, ...policy}, ..., {...fallback}]}`, where the first entry whose condition holds applies.
 * That only the last one may be without condition is checked with the whole document. Output: the entries.
 * @param expression the schema of a CEL condition
 */
export function conditionalEntries<Policy, Input, E extends z.ZodType>(
  expression: E,
  build: Build<Policy, Input, E>,
): z.ZodType<Conditional<Policy, z.output<E>>[], { conditional: (Input & { condition?: z.input<E> | null | undefined })[] }> {
  const condition = maybe(expression).describe("CEL; the entry applies when it is true. Only the last entry may be without.");
  const entries = z
    .array(build({ condition }))
    .max(maxConditionalEntries)
    .describe("Entries of which the first applies whose condition is true.");
  const list = z.strictObject({ conditional: entries }).transform((value) => value.conditional);
  return list as unknown as ReturnType<typeof conditionalEntries<Policy, Input, E>>;
}

/** A policy written plainly or with conditions. Output: always the entries; the plain form is one without condition. */
export function conditional<Policy, Input, E extends z.ZodType>(expression: E, build: Build<Policy, Input, E>) {
  const plain = build({}).transform((policy) => [policy as Conditional<Policy, z.output<E>>]);
  return alternatives([conditionalEntries(expression, build), plain]);
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
