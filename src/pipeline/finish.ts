import type { Exchange } from "../contract/exchange.ts";
import type { Log, Sink } from "../contract/runtime.ts";

/**
 * Ends an exchange: after the last byte of the reply, or when the client left. Every sink sees it exactly once; a sink
 * that fails is logged and does not keep the others from it.
 */
export function finish(exchange: Exchange, sinks: readonly Sink[], log: Log): void {
  if (exchange.error?.code === "internal") logFault(exchange, log);
  for (const sink of sinks) {
    try {
      sink.record(exchange);
    } catch (thrown) {
      log.error("telemetry sink failed", { sink: sink.name, error: String(thrown) });
    }
  }
}

/** A fault of our own is the one case where the stack belongs in the log. */
function logFault(exchange: Exchange, log: Log): void {
  const cause = exchange.error?.cause;
  log.error("internal error", {
    route: exchange.route?.route,
    path: exchange.incoming.path,
    error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
  });
}
