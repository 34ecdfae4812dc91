/** What a page of an origin can do: `fetch` with the CORS protocol of browsers (WHATWG Fetch) in front of it. */
export interface Page {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Preflights so far: the method and fields that were asked for. */
  readonly preflights: string[];
}

/** Fields that need no permission, and those of a reply that a page may always read. */
const plainRequest = new Set(["accept", "accept-language", "content-language"]);
const plainReply = new Set(["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"]);

export function pageOf(origin: string): Page {
  const preflights: string[] = [];
  return {
    preflights,
    async fetch(url, init = {}) {
      const method = init.method ?? "GET";
      const headers = new Headers(init.headers);
      const unusual = [...headers].filter(([name, value]) => needsPermission(name, value)).map(([name]) => name);
      if (unusual.length > 0 || !["GET", "POST", "HEAD"].includes(method)) {
        preflights.push(`${method} ${unusual.join(",")}`);
        await preflight(url, { origin, method, fields: unusual });
      }
      headers.set("origin", origin);
      const reply = await fetch(url, { ...init, headers });
      checkOrigin(reply, origin);
      return readable(reply);
    },
  };
}

function needsPermission(name: string, value: string): boolean {
  return !plainRequest.has(name) && !(name === "content-type" && value.startsWith("text/plain"));
}

interface Wanted {
  readonly origin: string;
  readonly method: string;
  readonly fields: readonly string[];
}

async function preflight(url: string | URL, { origin, method, fields }: Wanted): Promise<void> {
  const asked: Record<string, string> = { origin, "access-control-request-method": method };
  if (fields.length > 0) asked["access-control-request-headers"] = fields.toSorted().join(",");
  const reply = await fetch(url, { method: "OPTIONS", headers: asked });
  if (!reply.ok) throw new TypeError(`the preflight was answered ${reply.status}`);
  checkOrigin(reply, origin);
  const methods = listed(reply, "access-control-allow-methods");
  if (!["GET", "POST", "HEAD"].includes(method) && !methods.has(method.toLowerCase())) throw new TypeError(`${method} is not allowed`);
  const allowed = listed(reply, "access-control-allow-headers");
  for (const name of fields) {
    const byStar = allowed.has("*") && name !== "authorization"; // which `*` does not cover
    if (!allowed.has(name) && !byStar) throw new TypeError(`the field ${name} is not allowed`);
  }
}

function checkOrigin(reply: Response, origin: string): void {
  const allowed = reply.headers.get("access-control-allow-origin");
  if (allowed !== origin && allowed !== "*") throw new TypeError(`the page may not read the reply: ${reply.status}`);
}

/** The reply with those fields alone that the page may read. */
function readable(reply: Response): Response {
  const exposed = listed(reply, "access-control-expose-headers");
  const headers = [...reply.headers].filter(([name]) => plainReply.has(name) || exposed.has(name) || exposed.has("*"));
  return new Response(reply.body, { status: reply.status, statusText: reply.statusText, headers });
}

function listed(reply: Response, name: string): Set<string> {
  return new Set((reply.headers.get(name) ?? "").split(",").map((one) => one.trim().toLowerCase()));
}
