import type { Exchange, RequestHead } from "../../contract/exchange.ts";
import type { Outgoing } from "../../contract/outgoing.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import { isReplyStream, isUpgraded, type Reply } from "../../contract/reply.ts";
import { ReadSet } from "../../cel/read-set.ts";
import { GatewayError } from "../../contract/errors.ts";
import { compileChoice } from "../conditional.ts";
import { afterBody, readsRequestBody, showReply } from "../expressions.ts";
import { type TransformationsConfig, transformationsConfig } from "./config.ts";
import { keepOutgoingBody } from "../outgoing-body.ts";
import { setRequestPseudo, setStatus } from "./pseudo-headers.ts";
import { type CompiledTransform, compileTransform, type Subject } from "./transform.ts";

/**
 * Headers, body and metadata computed by CEL, on the way to the backend and on the way back. Of conditional branches the
 * one that the request fits is done, both ways.
 */
export const transformations = definePolicy<TransformationsConfig>({
  name: "transformations",
  config: transformationsConfig,
  compile(config, { warn }) {
    const { choice, reads } = compileBranches(config, warn);

    const onTheWayBack = async (exchange: Exchange, response: CompiledTransform, next: Next): Promise<Reply> =>
      transformReply(exchange, response, await next());

    return afterBody(reads, (exchange, next) => {
      const branch = choice.pick(exchange);
      branch?.request?.apply(exchange, requestSubject(exchange));
      return branch?.response === undefined ? next() : onTheWayBack(exchange, branch.response, next);
    });
  },
  compileBackend(config, { warn }) {
    const { choice, reads } = compileBranches(config, warn);
    const needsBody = readsRequestBody(reads);
    return async (outgoing, next) => {
      const { exchange } = outgoing;
      if (needsBody) await keepOutgoingBody(outgoing);
      const branch = choice.pick(exchange);
      branch?.request?.apply(exchange, outgoingSubject(outgoing));
      const reply = await next(outgoing);
      return branch?.response === undefined ? reply : transformReply(exchange, branch.response, reply);
    };
  },
});

interface Branch {
  readonly request: CompiledTransform | undefined;
  readonly response: CompiledTransform | undefined;
}

function compileBranches(config: TransformationsConfig, warn: (message: string) => void) {
  const branches = config.map(({ condition, request, response }) => ({
    condition,
    value: {
      request: request === undefined ? undefined : compileTransform(request, warn),
      response: response === undefined ? undefined : compileTransform(response, warn),
    } satisfies Branch,
  }));
  const choice = compileChoice<Branch>(branches);
  // what the replies' expressions read of the request must be kept before it is sent on
  const reads = ReadSet.union([
    choice.reads,
    ...branches.flatMap(({ value }) => [value.request, value.response].flatMap((half) => half?.reads ?? [])),
  ]);
  return { choice, reads };
}

async function transformReply(exchange: Exchange, transform: CompiledTransform, reply: Reply): Promise<Reply> {
  if (isUpgraded(reply.body)) return reply;
  await showReply(exchange, reply, transform.reads);
  transform.apply(exchange, {
    headers: () => reply.headers,
    setPseudo: (name, value) => setStatus(reply, name, value),
    replaceBody: (bytes) => {
      if (isReplyStream(reply.body)) reply.body.cancel(new GatewayError("client_closed"));
      reply.body = bytes;
    },
  });
  return reply;
}

function requestSubject(exchange: Exchange): Subject {
  return {
    headers: () => exchange.editHeaders(),
    setPseudo: (name, value) => changeHead(exchange, exchange.request, { name, value }),
    replaceBody: (bytes) => exchange.body.replace(bytes),
  };
}

function outgoingSubject(outgoing: Outgoing): Subject {
  return {
    headers: () => outgoing.head.headers,
    setPseudo: (name, value) => changeHead(outgoing, outgoing.head, { name, value }),
    replaceBody: (bytes) => (outgoing.body = bytes),
  };
}

function changeHead(owner: { rewriteAuthority: boolean }, head: RequestHead, { name, value }: { name: string; value: unknown }): void {
  if (setRequestPseudo(head, name, value) && name === ":authority") owner.rewriteAuthority = false;
}
