import { within } from "../../base/deadline.ts";
import { HeaderList } from "../../base/headers.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { Reply } from "../../contract/reply.ts";
import type { FetchDocument, FetchedDocument } from "../../upstream/fetch-document.ts";

/** Bytes that a registration or token request may have, and its answer. */
const maxRequestBytes = 65_536;
const maxAnswerBytes = 262_144;
/** Milliseconds, for a client to send such a request and for the provider to answer it. */
const deadlineMs = 10_000;
/** Requests under way to one provider; nobody has proved who he is when he makes one. */
const maxUnderWay = 64;

/** Public endpoints: pages of any origin may call them, and no cookie has any effect there. */
export function openTo(methods: string, reply: Reply): Reply {
  reply.headers.set("access-control-allow-origin", "*");
  reply.headers.set("access-control-allow-methods", methods);
  reply.headers.set("access-control-allow-headers", "content-type");
  return reply;
}

/** The answer to a CORS preflight (https://fetch.spec.whatwg.org/#cors-preflight-request). */
export function preflightReply(methods: string): Reply {
  const reply = openTo(methods, new Reply(204));
  reply.headers.set("access-control-allow-headers", "content-type, authorization, mcp-protocol-version");
  reply.headers.set("access-control-max-age", "600");
  return reply;
}

/** JSON that must not be kept (RFC 6749 section 5.1). */
export function jsonReply(status: number, text: string): Reply {
  return new Reply(status, new HeaderList(["content-type", "application/json", "cache-control", "no-store"]), text);
}

/** An error as OAuth endpoints send it: RFC 6749 section 5.2, RFC 7591 section 3.2.2. */
export function oauthError(status: number, error: string, description: string): Reply {
  return jsonReply(status, JSON.stringify({ error, error_description: description }));
}

/** For people in a browser. */
export function pageError(status: number, text: string): Reply {
  const reply = Reply.text(status, text);
  reply.headers.set("cache-control", "no-store");
  return reply;
}

/** Sends a browser on; the address holds a code, so nobody keeps it or learns it as a referrer. */
export function redirectReply(location: string): Reply {
  return new Reply(302, new HeaderList(["location", location, "cache-control", "no-store", "referrer-policy", "no-referrer"]));
}

export function notAllowed(method: string): Reply {
  return new Reply(405, new HeaderList(["allow", method]));
}

/** @throws GatewayError `body_too_large`, or `request_timeout_client` when it does not come */
export function readRequest({ body }: Exchange): Promise<Buffer> {
  return within(deadlineMs, body.collect(maxRequestBytes), () => new GatewayError("request_timeout_client"));
}

/** POSTs to an identity provider on behalf of clients that nobody knows yet: bounded in number, size and time. */
export class ProviderCalls {
  private readonly fetch: FetchDocument;
  private underWay = 0;

  constructor(fetch: FetchDocument) {
    this.fetch = fetch;
  }

  /** @throws GatewayError `overloaded`, or `upstream_failed` when the provider does not answer with JSON */
  async post(url: string, contentType: string, body: string, authorization: string | undefined): Promise<FetchedDocument> {
    if (this.underWay >= maxUnderWay) throw new GatewayError("overloaded");
    this.underWay += 1;
    const headers = { "content-type": contentType, accept: "application/json", ...(authorization === undefined ? {} : { authorization }) };
    try {
      const answer = await this.fetch({ url, method: "POST", headers, body, deadlineMs, maxBytes: maxAnswerBytes });
      JSON.parse(answer.text);
      return answer;
    } catch (cause) {
      throw providerFailure("the identity provider did not answer as it should", cause);
    } finally {
      this.underWay -= 1;
    }
  }
}

/** Status 500 as in the reference; the body is one that OAuth clients understand. */
export function providerFailure(description: string, cause?: unknown): GatewayError {
  const text = JSON.stringify({ error: "server_error", error_description: description });
  return new GatewayError("upstream_failed", { status: 500, detail: description, body: { contentType: "application/json", text }, cause });
}
