/**
 * What telemetry costs per request: metrics, log line, trace start and spans of a finished exchange, in ns and as a ratio
 * to JSON.stringify of an object with 20 members in the same run, as absolute times depend on the machine.
 * Usage: node bench/telemetry.ts [rounds]
 */
import { createSpanBuilder } from "../src/telemetry/tracing/exchange-spans.ts";
import { createStartTrace } from "../src/telemetry/tracing/start.ts";
import { createAccessLog } from "../src/telemetry/log/access-log.ts";
import { lineFormat } from "../src/telemetry/log/format.ts";
import { LogLevels } from "../src/telemetry/log/levels.ts";
import { LineWriter, type LogOutput } from "../src/telemetry/log/line-writer.ts";
import { createMetrics } from "../src/telemetry/metrics/index.ts";
import { field, finishedExchange, llmExchange, mcpExchange, newExchange } from "../test/telemetry/exchange.ts";

const rounds = Number(process.argv[2] ?? 7);
const calls = 50_000;

let bytes = 0;
const output: LogOutput = {
  write(text, done) {
    bytes += Buffer.from(text).length; // the lines are put together only here
    done();
  },
};
const writer = new LineWriter({ output, droppedLine: String });
const tools = (format: "text" | "json") => ({
  levels: new LogLevels("info"),
  format: lineFormat(format),
  writer,
  sensitiveHeaders: new Set<string>(),
});
const plainLog = { add: [], remove: [] };

// a handful of each kind, so that nothing is tuned to one object
const many = <T>(make: (i: number) => T): T[] => Array.from({ length: 16 }, (_, i) => make(i));
const http = many((i) => finishedExchange({ path: `/get/${i}`, search: "?page=1" }));
const llm = many((i) => llmExchange({ requestModel: `model-${i % 4}` }));
const mcp = many((i) => mcpExchange(`tool-${i % 4}`));
const sampled = many((i) => {
  const exchange = llmExchange({ requestModel: `model-${i % 4}` });
  createStartTrace({ randomSampling: true, clientSampling: true })(exchange);
  return exchange;
});
const arrivals = many((i) => newExchange({ headers: i % 2 === 0 ? [] : ["traceparent", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`] }));
const objects = many((i) =>
  Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`member.${k}`, k % 3 === 0 ? k * i : `value ${k} of ${i}`])),
);

const metrics = createMetrics({ version: "", remove: [], customLabels: [] });
const labelled = createMetrics({
  version: "",
  remove: [],
  customLabels: [field("user", ({ listener }) => listener.gateway), field("org", () => "acme")],
});
const textLog = createAccessLog(plainLog, tools("text"));
const jsonLog = createAccessLog(plainLog, tools("json"));
const spans = createSpanBuilder({ attributes: [], remove: [], sensitiveHeaders: new Set() });
const start = createStartTrace({ randomSampling: 0.01, clientSampling: true });

let kept = 0;
const cases: readonly (readonly [name: string, run: (i: number) => void])[] = [
  ["JSON.stringify, 20 members", (i) => void (kept += JSON.stringify(objects[i & 15]).length)],
  ["metrics, HTTP (4-5 metrics)", (i) => metrics.record(http[i & 15]!)],
  ["metrics, MCP (5-6 metrics)", (i) => metrics.record(mcp[i & 15]!)],
  ["metrics, LLM streamed (11 metrics)", (i) => metrics.record(llm[i & 15]!)],
  ["metrics, LLM, 2 added labels", (i) => labelled.record(llm[i & 15]!)],
  ["upstream call duration (1 metric)", (i) => metrics.events.upstreamCalled({ kind: "Primary", subtype: "Http" }, i & 63)],
  ["log line, text, HTTP", (i) => textLog.record(http[i & 15]!)],
  ["log line, text, LLM", (i) => textLog.record(llm[i & 15]!)],
  ["log line, JSON, LLM", (i) => jsonLog.record(llm[i & 15]!)],
  ["trace start, not sampled or continued", (i) => start(arrivals[i & 15]!)],
  ["spans, LLM, sampled", (i) => void (kept += spans(sampled[i & 15]!).length)],
];

function measure(run: (i: number) => void): number {
  const from = performance.now();
  for (let i = 0; i < calls; i++) run(i);
  return ((performance.now() - from) * 1_000_000) / calls;
}

const times = cases.map(() => [] as number[]);
for (let round = -1; round < rounds; round++) {
  for (const [index, [, run]] of cases.entries()) {
    const nanoseconds = measure(run);
    if (round >= 0) times[index]!.push(nanoseconds); // the first round warms up
    writer.flush();
  }
}
const medians = times.map((one) => one.sort((a, b) => a - b)[one.length >> 1]!);
for (const [index, [name]] of cases.entries()) {
  console.log(`${name.padEnd(40)} ${medians[index]!.toFixed(0).padStart(6)} ns   ${(medians[index]! / medians[0]!).toFixed(2)} x`);
}
const series = await metrics.registry.render();
console.log(`(${calls} calls a round, median of ${rounds}; exposition ${series.length} characters, ${kept + bytes} characters made)`);
await writer.close();
