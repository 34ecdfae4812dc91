import * as z from "zod";

/** RFC 9110, section 5.6.2: token. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const pseudoHeaders = new Set([":method", ":authority", ":path", ":scheme", ":status"]);

/** A header's name. Output: lower case. */
export function headerName() {
  return z
    .string()
    .refine((name) => token.test(name), "expected a header name (letters, digits and -, no spaces or colons)")
    .transform((name) => name.toLowerCase());
}

/** A header's name, or one of HTTP/2's pseudo headers such as `:path`. Output: lower case. */
export function headerOrPseudoName() {
  return z
    .string()
    .refine((name) => token.test(name) || pseudoHeaders.has(name), "expected a header name, or one of :method, :authority, :path, :scheme")
    .transform((name) => name.toLowerCase());
}

/** An HTTP method; compared as written (RFC 9110, section 9.1: methods are case-sensitive). */
export function method() {
  return z.string().refine((name) => token.test(name), "expected an HTTP method such as GET");
}

/** Values by header name. Output: names in lower case, in the order of the file. */
export function headerMap<V extends z.ZodType>(value: V, name: () => z.ZodType<string, string> = headerName) {
  return z
    .record(z.string(), value)
    .superRefine((headers, context) => {
      const seen = new Set<string>();
      for (const key of Object.keys(headers)) {
        const parsed = name().safeParse(key);
        if (!parsed.success) {
          context.addIssue({ code: "custom", path: [key], message: parsed.error.issues[0]?.message ?? "expected a header name" });
        } else if (seen.has(parsed.data)) {
          context.addIssue({ code: "custom", path: [key], message: "named twice: header names do not differ by upper and lower case" });
        } else {
          seen.add(parsed.data);
        }
      }
    })
    .transform((headers): Readonly<Record<string, z.output<V>>> => lowerCaseKeys(headers));
}

function lowerCaseKeys<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Any map: data that is not ours to check, such as request body fields. */
export function jsonObject() {
  return z.record(z.string(), z.unknown());
}
