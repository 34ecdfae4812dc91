/**
 * Writes the pages of docs/reference that are generated: `npm run docs`. With `--check` it writes nothing and fails when
 * one is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { celPage } from "./docs/cel-page.ts";
import { compatibilityPage } from "./docs/compatibility-page.ts";
import { configPage } from "./docs/config-page.ts";
import { errorsPage } from "./docs/errors-page.ts";
import { metricsPage } from "./docs/metrics-page.ts";
import { policiesPage } from "./docs/policies-page.ts";

const pages: readonly { readonly file: string; readonly render: () => string }[] = [
  { file: "config.md", render: configPage },
  { file: "compatibility.md", render: compatibilityPage },
  { file: "errors.md", render: errorsPage },
  { file: "metrics.md", render: metricsPage },
  { file: "cel.md", render: celPage },
  { file: "policies.md", render: policiesPage },
];

const isCheck = process.argv.includes("--check");
const stale = pages.filter(({ file, render }) => {
  const url = new URL(`../docs/reference/${file}`, import.meta.url);
  const text = render();
  if (read(url) === text) return false;
  if (!isCheck) writeFileSync(url, text);
  return true;
});

for (const { file } of stale) console.log(`docs/reference/${file} ${isCheck ? "is stale: run `npm run docs`" : "written"}`);
if (isCheck && stale.length > 0) process.exitCode = 1;

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
