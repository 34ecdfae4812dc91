import { definePolicy } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import { compileHeaderEdits } from "../header-edits.ts";
import { type ResponseHeaderModifierConfig, responseHeaderModifierConfig } from "./config.ts";

/** Changes headers of the reply by literal values, also on replies that the gateway made itself. */
export const responseHeaderModifier = definePolicy<ResponseHeaderModifierConfig>({
  name: "responseHeaderModifier",
  config: responseHeaderModifierConfig,
  compile(config, { warn }) {
    const edit = editReply(config, warn);
    return (_exchange, next) => next().then(edit);
  },
  compileBackend(config, { warn }) {
    const edit = editReply(config, warn);
    return (outgoing, next) => next(outgoing).then(edit);
  },
});

function editReply(config: ResponseHeaderModifierConfig, warn: (message: string) => void): (reply: Reply) => Reply {
  const { apply } = compileHeaderEdits(config, warn);
  return (reply) => {
    apply(reply.headers);
    return reply;
  };
}
