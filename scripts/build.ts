/** Writes dist/: the sources without their types, for the npm package. `.ts` imports become `.js`. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

rmSync("dist", { recursive: true, force: true });
const files = globSync("src/**/*.ts").filter((file) => !file.endsWith(".test.ts"));
for (const file of files) {
  const stripped = stripTypeScriptTypes(readFileSync(file, "utf8"), { mode: "strip" });
  const code = stripped.replace(/((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"']+)\.ts(["'])/g, "$1.js$2");
  const target = join("dist", file.slice("src/".length).replace(/\.ts$/, ".js"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}
console.log(`dist/: ${files.length} files`);
