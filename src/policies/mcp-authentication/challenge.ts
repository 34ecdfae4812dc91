/**
 * A `WWW-Authenticate` value of the Bearer scheme (RFC 6750 section 3). Values come from requests in part, so whatever could
 * end a quoted string or a field is percent-encoded.
 * @param parameters in their order; undefined ones are left out
 */
export function bearerChallenge(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return `Bearer ${given.map(([name, value]) => `${name}="${quotable(value as string)}"`).join(", ")}`;
}

function quotable(value: string): string {
  return value.toWellFormed().replace(/["\\]|[^ -~]/gu, encodeURIComponent);
}
