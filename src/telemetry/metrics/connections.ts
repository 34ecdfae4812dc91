import type { ListenerNames } from "../../contract/exchange.ts";
import type { DownstreamProtocol, GatewayMetrics } from "../../contract/metrics.ts";
import { connectBuckets } from "./buckets.ts";
import { keySeparator as _, type LabelRow } from "./label-table.ts";
import type { MetricRegistry } from "./registry.ts";

/** Connections of clients. */
export function connectionMetrics(registry: MetricRegistry): Pick<GatewayMetrics, "connectionOpened" | "connectionBytes" | "tlsHandshake"> {
  const table = registry.table("connections", ["bind", "gateway", "listener", "protocol"]);
  const opened = registry.counter(table, {
    name: "downstream_connections_total",
    help: "The total number of downstream connections established",
  });
  const received = registry.counter(table, {
    name: "downstream_received_bytes_total",
    help: "Total TCP bytes received per connection labels",
  });
  const sent = registry.counter(table, {
    name: "downstream_sent_bytes_total",
    help: "Total TCP bytes transmitted per connection labels",
  });
  const handshakes = registry.histogram(table, connectBuckets, {
    name: "tls_handshake_duration_seconds",
    help: "Duration to complete inbound TLS/HTTPS handshake (seconds)",
  });
  const row = ({ bind, gateway, listener }: ListenerNames, protocol: DownstreamProtocol): LabelRow =>
    table.find(bind + _ + gateway + _ + listener + _ + protocol) ?? table.admit([bind, gateway, listener, protocol]);

  return {
    connectionOpened: (names, protocol) => opened.add(row(names, protocol), 1),
    connectionBytes(names, protocol, bytes) {
      const found = row(names, protocol);
      received.add(found, bytes.received);
      sent.add(found, bytes.sent);
    },
    tlsHandshake: (names, protocol, durationMs) => handshakes.observe(row(names, protocol), durationMs / 1000),
  };
}
