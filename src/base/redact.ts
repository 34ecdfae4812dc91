/**
 * Takes credentials out of texts before they reach a log, a span or an operator's screen. A net under the rule that
 * nobody puts them there in the first place: error texts of libraries, URLs that clients send, configuration dumps.
 */
export const redacted = "[redacted]";

/** Names whose values are credentials wherever they stand; compared in lower case without `-`, `_` and `.`. */
const secretNames = new Set(
  (
    "accesstoken idtoken refreshtoken authtoken apitoken bearertoken sessiontoken securitytoken subjecttoken actortoken " +
    "xamzsecuritytoken xamzcredential xgoogcredential clientassertion assertion samlresponse jwt codeverifier devicecode " +
    "authorization proxyauthorization cookie setcookie credential credentials password passwd pwd passphrase secret"
  ).split(" "),
);
const secretEndings = ["apikey", "accesskey", "secretkey", "privatekey", "secret", "password", "accesstoken", "authtoken", "signature"];

/** Credentials as query parameters, but everyday words in a sentence: `code: ECONNREFUSED`. */
const secretParameters = new Set("token key code sig auth session sessiontoken".split(" "));

function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, "");
}

/** Whether a field of that name (`api_key`, `clientSecret`, `X-Amz-Signature`) holds a credential. */
export function isSecretName(name: string): boolean {
  const bare = normalised(name);
  return secretNames.has(bare) || secretEndings.some((ending) => bare.endsWith(ending));
}

/** Whether a query or form parameter of that name holds a credential: the names above, and `token`, `key`, `code`, ... */
function isSecretParameter(name: string): boolean {
  return secretParameters.has(normalised(name)) || isSecretName(name);
}

const maybeSecretParameter = /tok|key|code|sig|auth|sess|secret|pass|pwd|cred|jwt|assert|saml|verif|cookie|%/i;

/**
 * A query (with or without its "?") with the values of secret parameters replaced. Everything else stays as it was sent.
 * A name in percent-encoding is compared decoded.
 */
export function redactQuery(search: string): string {
  if (search.length < 2 || !maybeSecretParameter.test(search)) return search;
  return search.replace(/([?&;]|^)([^=&;?]{1,200})=([^&;]+)/g, (whole, start: string, name: string) =>
    isSecretParameter(decoded(name)) ? `${start}${name}=${redacted}` : whole,
  );
}

function decoded(name: string): string {
  if (!name.includes("%")) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Longer texts are cut: what follows is not looked at, so it must not be shown. Characters. */
const maxTextLength = 16_384;

const rules: readonly (readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, redacted],
  // https://user:password@host
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@"'<>]{1,512}@/gi, `$1${redacted}@`],
  [/[?&][^\s"'<>?]{3,}/g, (query) => redactQuery(query)],
  [/\b((?:set-)?cookie2?\s{0,3}:\s{0,3})[^\r\n]+/gi, `$1${redacted}`],
  // a digit, an inner capital or padding tells a token from the word "authentication"
  [/\b([Bb]earer|BEARER|[Bb]asic|BASIC|DPoP|dpop)\s{1,3}(?=\S{0,4096}(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9._~+/-]{6,}=*/g, `$1 ${redacted}`],
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}/g, redacted],
  [/\b(?:sk|pk|rk|tvly|gsk|xai|r8|hf|glpat|gh[pousr]|github_pat|xox[abeprs])[-_][A-Za-z0-9_-]{16,}/g, redacted],
  [/\b(?:AIza[A-Za-z0-9_-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}|ya29\.[A-Za-z0-9_-]{16,})/g, redacted],
  [
    /(["']?)\b([A-Za-z][A-Za-z0-9_.-]{0,60})(["']?\s{0,3}[=:]\s{0,3})(?:(?:bearer|basic|dpop)\s{1,3})?(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"')}\]]+)/gi,
    (whole, quote, name, separator) => (isSecretName(name as string) ? `${quote}${name}${separator}${redacted}` : (whole as string)),
  ],
];

/**
 * A text (an error message, a line of a child process) with what looks like a credential replaced: private keys, URL
 * user information, `Authorization` schemes, JWTs, keys with the well-known prefixes, and values of secret names.
 */
export function redactSecrets(text: string): string {
  let clean = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}...` : text;
  for (const [pattern, replacement] of rules) {
    clean = typeof replacement === "string" ? clean.replace(pattern, replacement) : clean.replace(pattern, replacement);
  }
  return clean;
}

/**
 * A copy of plain data for showing (a configuration dump): values under secret names are replaced, texts pass
 * `redactSecrets`. An object under a secret name is replaced whole.
 * @param alsoSecret further names that hold credentials in this kind of data
 */
export function redactData(value: unknown, alsoSecret: (name: string) => boolean = () => false): unknown {
  if (typeof value === "string") return redactSecrets(value);
  if (Array.isArray(value)) return value.map((item) => redactData(item, alsoSecret));
  if (value === null || typeof value !== "object") return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const secret = (isSecretName(name) || alsoSecret(name)) && member !== null && member !== undefined && typeof member !== "boolean";
    Object.defineProperty(copy, name, { value: secret ? redacted : redactData(member, alsoSecret), enumerable: true });
  }
  return copy;
}
