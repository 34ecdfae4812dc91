import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionEnd } from "../contract/stores.ts";
import { systemClock } from "../base/clock.ts";
import { MemorySessionStore } from "./session-store.ts";

const clock = { now: 0, wall: () => 0, monotonic: () => clock.now };

function store(maxSessions = 10): MemorySessionStore {
  return new MemorySessionStore({ clock, maxSessions, reapEveryMs: 3_600_000 });
}

test("a session lives for its idle time after each use, then its owner is told", () => {
  const sessions = store();
  const ended: [string, SessionEnd][] = [];
  sessions.set("a", "A", 100, (value, reason) => ended.push([value, reason]));
  clock.now += 99;
  assert.equal(sessions.get("a"), "A");
  clock.now += 99;
  sessions.reap();
  assert.deepEqual(ended, []);
  assert.equal(sessions.size, 1);
  clock.now += 1;
  sessions.reap();
  assert.deepEqual(ended, [["A", "idle"]]);
  assert.equal(sessions.get("a"), undefined);
  assert.equal(sessions.size, 0);
});

test("an expired session is gone before the reaper comes", () => {
  const sessions = store();
  let ended = 0;
  sessions.set("a", "A", 100, () => (ended += 1));
  clock.now += 100;
  assert.equal(sessions.get("a"), undefined);
  assert.equal(ended, 1);
});

test("sessions that are put back when told of their idleness stay, and the reaper still comes to an end", () => {
  const sessions = store();
  const busy = (value: string): void => sessions.set("a", value, 100, busy);
  sessions.set("a", "A", 100, busy);
  clock.now += 100;
  sessions.reap();
  assert.equal(sessions.get("a"), "A");
});

test("one too many makes the longest idle one go", () => {
  const sessions = store(2);
  const ended: [string, SessionEnd][] = [];
  const onExpire = (value: string, reason: SessionEnd): number => ended.push([value, reason]);
  sessions.set("a", "A", 100, onExpire);
  sessions.set("b", "B", 100, onExpire);
  sessions.get("a");
  sessions.set("c", "C", 100, onExpire);
  assert.deepEqual(ended, [["B", "evicted"]]);
  assert.equal(sessions.size, 2);
});

test("deleting tells nobody; closing tells everybody left", () => {
  const sessions = store();
  const ended: [string, SessionEnd][] = [];
  const onExpire = (value: string, reason: SessionEnd): number => ended.push([value, reason]);
  sessions.set("a", "A", 100, onExpire);
  sessions.set("b", "B", 100, onExpire);
  assert.equal(sessions.delete("a"), true);
  assert.equal(sessions.delete("a"), false);
  sessions.close();
  assert.deepEqual(ended, [["B", "closed"]]);
  assert.equal(sessions.size, 0);
});

test("what was deleted or idle for too long has ended for good; what made room or is put back has not", () => {
  const sessions = new MemorySessionStore({ clock, maxSessions: 1, reapEveryMs: 3_600_000 });
  const back = (): void => sessions.set("busy", "B", 100, () => {});
  sessions.set("evicted", "E", 100);
  sessions.set("deleted", "D", 100);
  sessions.delete("deleted");
  sessions.set("idle", "I", 100);
  clock.now += 100;
  sessions.reap();
  sessions.set("busy", "B", 100, back);
  clock.now += 100;
  sessions.reap();
  assert.deepEqual(
    ["evicted", "deleted", "idle", "busy", "unheard of"].map((id) => sessions.hasEnded(id)),
    [false, true, true, false, false],
  );
});

test("sessions that are kept for a short time are looked for soon, whatever came before", async () => {
  const sessions = new MemorySessionStore({ clock: systemClock, maxSessions: 10, reapEveryMs: 3_600_000 });
  sessions.set("long", "L", 3_600_000);
  await new Promise<void>((resolve) => sessions.set("short", "S", 20, () => resolve()));
  assert.equal(sessions.size, 1);
  sessions.close();
});

test("of ended sessions the latest are remembered", () => {
  const sessions = new MemorySessionStore({ clock, maxSessions: 10, reapEveryMs: 3_600_000, maxEnded: 100 });
  for (let id = 0; id < 1_000; id++) sessions.delete(String(id));
  assert.equal(sessions.hasEnded("0"), false);
  for (let id = 950; id < 1_000; id++) assert.equal(sessions.hasEnded(String(id)), true);
});
