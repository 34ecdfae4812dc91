/**
 * Runs every test: `npm test`, or `npm test -- part-of-a-path ...` for some. Units and scenarios alike run in a process
 * of their own, so that nothing one leaves behind is seen by another. Ends with the runner's summary.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const wanted = process.argv.slice(2);
const files = globSync(["src/**/*.test.ts", "test/**/*.test.ts", "scripts/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"])
  .filter((file) => !file.includes("node_modules")) // bench/portkey has its own
  .sort()
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(", ")}`);
  process.exit(1);
}
const run = spawnSync(process.execPath, ["--test", "--test-concurrency=2", "--test-timeout=180000", ...files], { stdio: "inherit" });
process.exit(run.status ?? 1);
