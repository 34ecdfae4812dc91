import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("the generated pages of docs/reference are up to date", () => {
  const script = fileURLToPath(new URL("../../scripts/docs.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0, `${stdout}${stderr}`);
});
