import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteParts } from "./byte-parts.ts";

test("fuzz: bytes come out as they went in, whatever the pieces", () => {
  const pieces = fc.array(fc.oneof(fc.nat(3), fc.nat(3_000)), { maxLength: 200 });
  fc.assert(
    fc.property(pieces, (sizes) => {
      const parts = new ByteParts();
      const given = sizes.map((size, i) => Buffer.alloc(size, i));
      for (const piece of given) parts.add(piece);
      const whole = Buffer.concat(given);
      assert.equal(parts.size, whole.length);
      assert.ok(parts.take().equals(whole));
      assert.equal(parts.size, 0);
      parts.add(Buffer.from("again"));
      assert.equal(parts.take().toString(), "again");
    }),
  );
});

test("bytes that come one by one take little more room than themselves", () => {
  const parts = new ByteParts();
  const before = process.memoryUsage();
  for (let i = 0; i < 500_000; i++) parts.add(Uint8Array.of(i));
  const after = process.memoryUsage();
  // half a million views would be some 50 MB; garbage of the pieces themselves is not collected at once
  assert.ok(after.arrayBuffers - before.arrayBuffers < 60_000_000);
  assert.equal(parts.take().length, 500_000);
});
