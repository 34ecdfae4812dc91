import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { memoryWriter } from "../../../test/telemetry/lines.ts";
import { fileOutput } from "./file-output.ts";
import { lineFormat } from "./format.ts";
import { createGatewayLog } from "./gateway-log.ts";
import { LogLevels } from "./levels.ts";
import { LineWriter } from "./line-writer.ts";
import { timestamp } from "./timestamp.ts";

const clock = { wall: () => 1_772_366_400_123, monotonic: () => 0 };

function gatewayLog(format: "text" | "json", levels = new LogLevels("info")) {
  const { writer, lines, output } = memoryWriter();
  return { log: createGatewayLog({ levels, format: lineFormat(format), writer, clock }), lines, output };
}

test("the gateway's own lines", async () => {
  const { log, lines } = gatewayLog("text");
  log.info("listening", { port: 3000, tls: false, bind: undefined });
  log.warn("a plain one");
  log.debug("not shown");
  assert.deepEqual(await lines(), [
    "2026-03-01T12:00:00.123000Z\tinfo\tturnpike\tlistening\tport=3000 tls=false",
    "2026-03-01T12:00:00.123000Z\twarn\tturnpike\ta plain one",
  ]);
});

test("the gateway's own lines as JSON, with the line's names kept apart from the fields'", async () => {
  const { log, lines } = gatewayLog("json");
  log.error('broke "here"', {
    level: 7,
    cause: new Error("outer", { cause: new Error("connect to https://u:pw@h/ refused") }),
    list: [1, { token: "x" }],
  });
  assert.deepEqual(
    (await lines()).map((line) => JSON.parse(line) as unknown),
    [
      {
        level: "error",
        time: "2026-03-01T12:00:00.123000Z",
        scope: "turnpike",
        message: 'broke "here"',
        level_: 7,
        cause: "outer: connect to https://[redacted]@h/ refused",
        list: [1, { token: "x" }],
      },
    ],
  );
});

test("messages and fields cannot forge a line, and secrets in them do not show", async () => {
  const { log, lines } = gatewayLog("text");
  log.warn("stderr of a tool: \n2026-01-01T00:00:00.000000Z\tinfo\tturnpike\tall is well", {
    line: "authorization: Bearer abcdef123456\n",
  });
  const written = await lines();
  assert.equal(written.length, 1);
  assert.ok(!written[0]?.includes("abcdef123456"));
  assert.equal(written[0]?.split("\t").length, 5);
});

test("an error line is written at once", async () => {
  const { log, output } = gatewayLog("text");
  log.info("waits");
  log.error("goes");
  await Promise.resolve();
  assert.equal(output.text.split("\n").length, 3);
});

test("levels are RUST_LOG's, as far as they concern the whole or the access log", () => {
  const levels = new LogLevels("warn,hyper=debug,request=info");
  assert.deepEqual([levels.shows("warn"), levels.shows("info"), levels.showsRequests], [true, false, true]);
  levels.set("DEBUG");
  assert.deepEqual([levels.shows("debug"), levels.shows("trace"), levels.showsRequests], [true, false, true]);
  levels.set("off");
  assert.deepEqual([levels.shows("error"), levels.showsRequests], [false, false]);
  levels.reset();
  assert.equal(String(levels), "warn,request=info");
  assert.equal(String(new LogLevels("")), "info");
  assert.throws(() => levels.set("verbose"), /unknown log level `verbose`; use one of off, error, warn, info, debug, trace/);
  assert.equal(String(levels), "warn,request=info");
});

test("whatever a level is set to, it takes effect or is refused by name", () => {
  const words = fc.constantFrom("info", "OFF", "debug", "=", ",", " ", "request", "a::b", "loud", "");
  fc.assert(
    fc.property(fc.array(words, { maxLength: 8 }), (parts) => {
      const levels = new LogLevels("warn");
      try {
        levels.set(parts.join(""));
        assert.equal(String(new LogLevels(String(levels))), String(levels), "what is shown can be set");
      } catch (error) {
        assert.match((error as Error).message, /^unknown log level `[^]+`; use one of/);
        assert.equal(String(levels), "warn");
      }
    }),
  );
});

test("time has microseconds and rolls over", () => {
  assert.equal(timestamp(1_772_366_400_123.456), "2026-03-01T12:00:00.123456Z");
  assert.equal(timestamp(1_772_366_400_999.999), "2026-03-01T12:00:00.999999Z");
  assert.equal(timestamp(1_772_366_401_000), "2026-03-01T12:00:01.000000Z");
  assert.equal(timestamp(0), "1970-01-01T00:00:00.000000Z");
});

test("lines are written together: when there are enough, or after a while", async () => {
  const { writer, output } = memoryWriter({ flushAt: 20, flushAfterMs: 5 });
  writer.write("12345678\n");
  writer.write("12345678\n");
  assert.equal(output.writes, 0);
  writer.write("12345678\n");
  assert.equal(output.writes, 1);
  writer.write("late\n");
  await pause(30);
  assert.equal(output.writes, 2);
  assert.ok(output.text.endsWith("late\n"));
});

test("a stuck output costs a bounded amount of memory; afterwards the log says what is missing", async () => {
  const { writer, output, lines } = memoryWriter({ flushAt: 10, maxPending: 100 });
  output.stuck = true;
  for (let i = 0; i < 50; i++) writer.write("123456789\n");
  assert.equal(output.writes, 1, "one write at a time");
  assert.equal(writer.dropped, 39);
  output.release();
  const written = await lines();
  assert.equal(written.filter((line) => line === "123456789").length, 11);
  assert.ok(written.includes("dropped 39"));
});

test("closing waits for the output, but not for ever", async () => {
  const { writer, output } = memoryWriter();
  output.stuck = true;
  writer.write("a\n");
  const from = performance.now();
  await writer.close(20);
  assert.ok(performance.now() - from < 1_000);
  writer.write("after the end\n");
  assert.equal(writer.dropped, 1);
  output.release();
});

test("lines that an output refused are counted", async () => {
  const { writer, output, lines } = memoryWriter({ flushAt: 1 });
  output.error = new Error("ENOSPC");
  writer.write("a\nb\n");
  await pause(1);
  output.error = undefined;
  writer.write("c\n");
  assert.deepEqual(await lines(), ["c", "dropped 2"]);
  assert.equal(writer.dropped, 2);
});

test("a file descriptor gets every byte, in order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-log-"));
  const path = join(folder, "log");
  const descriptor = openSync(path, "w");
  const writer = new LineWriter({ output: fileOutput(descriptor), droppedLine: String, flushAt: 1_000 });
  const expected = Array.from({ length: 5_000 }, (_, i) => `line ${i} é\n`).join("");
  for (const line of expected.match(/.*\n/g) ?? []) writer.write(line);
  await writer.close();
  closeSync(descriptor);
  assert.equal(readFileSync(path, "utf8"), expected);
  rmSync(folder, { recursive: true });
});
