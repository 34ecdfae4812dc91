import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fieldValue, MessageReader } from "./message-reader.ts";

/** What a reader made of the bytes: a head and a body for each message that ended. */
function read(side: "request" | "response", chunks: readonly Buffer[]): { head: string; body: string }[] {
  const messages: { head: string; body: string }[] = [];
  let current = { head: "", body: "" };
  const reader = new MessageReader(side, {
    head: (head) => {
      current = { head, body: "" };
    },
    body: (chunk, start, end) => {
      current.body += chunk.toString("latin1", start, end);
    },
    end: () => void messages.push(current),
  });
  for (const chunk of chunks) reader.push(chunk);
  reader.finish();
  return messages;
}

const message = fc.record({
  body: fc.string({ unit: "binary-ascii", maxLength: 300 }),
  framing: fc.constantFrom("length", "chunked"),
  cut: fc.nat({ max: 300 }),
});

function bytesOf({ body, framing, cut }: { body: string; framing: string; cut: number }): string {
  if (framing === "length") return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const pieces = [body.slice(0, cut), body.slice(cut)].filter((piece) => piece !== "");
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`;
}

test("reads back any messages, however the network cuts them", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (messages, size) => {
      const all = Buffer.from(messages.map(bytesOf).join(""), "latin1");
      const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));
      assert.deepEqual(
        read("response", chunks).map(({ body }) => body),
        messages.map(({ body }) => body),
      );
    }),
  );
});

test("a response without a length ends with the connection, a request has no body then", () => {
  const response = Buffer.from("HTTP/1.1 200 OK\r\nserver: x\r\n\r\nall of it");
  assert.deepEqual(read("response", [response]), [{ head: "HTTP/1.1 200 OK\r\nserver: x", body: "all of it" }]);
  const requests = Buffer.from("GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.equal(read("request", [requests]).length, 2);
});

test("interim responses are passed over, 204 has no body", () => {
  const bytes = Buffer.from("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  assert.deepEqual(read("response", [bytes]), [{ head: "HTTP/1.1 204 No Content", body: "" }]);
});

test("a field is found whatever its case", () => {
  assert.equal(fieldValue("HTTP/1.1 200 OK\r\nMcp-Session-Id: A b\r\nx: y", "mcp-session-id"), "A b");
  assert.equal(fieldValue("HTTP/1.1 200 OK\r\nx: y", "mcp-session-id"), undefined);
});
