import type { Exchange } from "../contract/exchange.ts";
import { type MetaTraceContext, type Propagation, traceMeta } from "../contract/propagation.ts";
import { insertMembers, JsonView, setMembers, splice } from "./json-view.ts";

/** The request with the trace context in `params._meta` (SEP-414); itself when there is none to pass on. */
export function withTraceContext(exchange: Exchange, propagation: Propagation | undefined, bytes: Buffer): Buffer {
  const context: MetaTraceContext = traceMeta(exchange, propagation);
  if (context.traceparent === undefined && context.tracestate === undefined && context.baggage === undefined) return bytes;
  const message = new JsonView(bytes);
  const params = message.member("params");
  if (params === undefined) return splice(bytes, [insertMembers(message, `"params":{"_meta":${JSON.stringify(context)}}`)]);
  const meta = params.member("_meta");
  if (meta === undefined) return splice(bytes, [insertMembers(params, `"_meta":${JSON.stringify(context)}`)]);
  if (!meta.isObject) return bytes; // not ours to repair
  return splice(bytes, setMembers(meta, { ...context }));
}
