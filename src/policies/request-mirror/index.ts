import { GatewayError } from "../../contract/errors.ts";
import { createOutgoing } from "../../contract/outgoing.ts";
import { definePolicy } from "../../contract/policy.ts";
import { isReplyStream, type Reply } from "../../contract/reply.ts";
import { type RequestMirrorConfig, requestMirrorConfig } from "./config.ts";

/** Copies under way per policy; past them, copies are dropped rather than queued. */
const maxInFlight = 256;
/** Nobody waits for a copy's answer, so it may not hold a connection for long: milliseconds. */
const deadlineMs = 10_000;

/**
 * Sends a copy of the request, without its body, to another backend and forgets about it: no answer, no failure and no
 * slowness of that backend reaches the client.
 */
export const requestMirror = definePolicy<RequestMirrorConfig>({
  name: "requestMirror",
  config: requestMirrorConfig,
  compile(config, context) {
    const { send, names } = context.backend(config.backend);
    const { percentage } = config;
    let inFlight = 0;
    const settled = (reply?: Reply): void => {
      inFlight -= 1;
      if (reply !== undefined && isReplyStream(reply.body)) reply.body.cancel(unwanted);
    };
    return (exchange, next) => {
      if (inFlight < maxInFlight && exchange.upgrade === undefined && Math.random() < percentage) {
        inFlight += 1;
        const purpose = { kind: "Mirror", subtype: "Http" } as const;
        const copy = createOutgoing(exchange, { purpose, backend: names, body: null, timeoutMs: deadlineMs });
        send(copy).then(settled, (error: unknown) => {
          context.log.debug("mirrored request failed", { backend: names.name, error: String(error) });
          settled();
        });
      }
      return next();
    };
  },
});

const unwanted = new GatewayError("client_closed");
