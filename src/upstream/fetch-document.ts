import { Agent, request } from "undici";

/** A small document from somebody else's server: keys, metadata, tokens. */
export interface DocumentRequest {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for everything, connecting and reading included. */
  readonly deadlineMs?: number;
  /** Bytes; a larger document is refused. */
  readonly maxBytes?: number;
}

export interface FetchedDocument {
  readonly status: number;
  readonly text: string;
  readonly cacheControl: string | undefined;
}

export type FetchDocument = (request: DocumentRequest) => Promise<FetchedDocument>;

/** Such documents are fetched every few minutes at most: a connection each, none kept open. */
const agent = new Agent({ pipelining: 0, connections: 8, connect: { timeout: 5_000 } });

/**
 * Fetches a document. Redirects are not followed: whoever configures a key server names the one to trust.
 * @throws Error that says what is wrong in words for an operator; it holds no header and no body
 */
export const fetchDocument: FetchDocument = async ({
  url,
  method = "GET",
  headers = {},
  body,
  deadlineMs = 10_000,
  maxBytes = 1_048_576,
}) => {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const reply = await request(url, { method, headers, body: body ?? null, signal, dispatcher: agent });
    const text = await readText(reply.body, maxBytes);
    const cacheControl = reply.headers["cache-control"];
    return { status: reply.statusCode, text, cacheControl: Array.isArray(cacheControl) ? cacheControl.join(",") : cacheControl };
  } catch (cause) {
    throw new Error(`${origin(url)}: ${signal.aborted ? `no complete answer within ${deadlineMs} ms` : reason(cause)}`, { cause });
  }
};

async function readText(stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`); // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reason(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0]);
  if (cause instanceof Error) return cause.message === "" ? cause.name : cause.message;
  return String(cause);
}

/** A query may hold a secret, so messages name the server alone. */
function origin(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "the URL" : parsed.origin + parsed.pathname;
}

/**
 * How long a document may be kept: Cache-Control max-age (RFC 9111 section 5.2), or undefined when the server does not say.
 * @returns milliseconds; 0 for no-store and no-cache
 */
export function maxAgeMs(cacheControl: string | undefined): number | undefined {
  if (cacheControl === undefined) return undefined;
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/i.test(cacheControl)) return 0;
  const match = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})/i.exec(cacheControl);
  return match === null ? undefined : Number(match[1]) * 1000;
}
