/** A request to an admin endpoint, as far as endpoints look at it. Bodies are not read. */
export interface AdminRequest {
  readonly query: URLSearchParams;
}

export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** One path of an admin server. Throws where something unforeseen happens; the server makes a 500 of it. */
export interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** For the list of endpoints. */
  readonly summary: string;
  handle(request: AdminRequest): AdminReply | Promise<AdminReply>;
}

/** @param text what happened and what to do about it, without line feed at the end */
export function textReply(status: number, text: string): AdminReply {
  return { status, contentType: "text/plain; charset=utf-8", body: `${text}\n` };
}

export function jsonReply(value: unknown): AdminReply {
  return { status: 200, contentType: "application/json", body: `${JSON.stringify(value, undefined, 2)}\n` };
}
