import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Pool } from "undici";
import { DisposablePool } from "./disposable-pool.ts";

for (const [connections, replaced] of [
  [100, true],
  [10, false],
] as const) {
  test(`after ${connections} connections the pool is ${replaced ? "another" : "the same"}, and serves`, async () => {
    const server = createServer((_request, response) => response.flushHeaders());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const pool = new DisposablePool(() => new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    const first = pool.current;
    const ask = (): Promise<{ body: { destroy(): unknown } }> => pool.current.request({ method: "GET", path: "/" });
    const replies = await Promise.all(Array.from({ length: connections }, ask));
    let gone = 0;
    const all = new Promise<void>((resolve) => first.on("disconnect", () => ++gone === connections && resolve()));
    for (const { body } of replies) (body as NodeJS.EventEmitter & { destroy(): void }).on("error", () => {}).destroy();
    await all;
    assert.equal(pool.current !== first, replaced);
    const { body } = await ask();
    (body as NodeJS.EventEmitter & { destroy(): void }).on("error", () => {}).destroy();
    pool.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}
