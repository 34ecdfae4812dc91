/** Where a server of the HTTP+SSE transport takes messages. */
export interface MessageEndpoint {
  /** Starting with "/". */
  readonly path: string;
  /** Query with its "?", or "". */
  readonly search: string;
}

/** Characters of an address that a server may send; longer ones are no addresses. */
const maxLength = 8_192;

/**
 * Reads the data of an `endpoint` event: a URL, or a reference relative to the stream's own.
 * @param stream URL of the event stream
 * @throws Error when it is none, or leads to another origin: the caller's credentials are meant for this server alone
 */
export function readEndpoint(data: string, stream: string): MessageEndpoint {
  const url = data.length <= maxLength ? URL.parse(data, stream) : null;
  if (url === null) throw new Error("the endpoint event holds no URL");
  if (url.origin !== new URL(stream).origin) throw new Error(`the endpoint event leads to another origin, ${url.origin}`);
  return { path: url.pathname, search: url.search };
}
