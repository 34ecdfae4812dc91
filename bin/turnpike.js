#!/usr/bin/env node
// Plain JavaScript that any Node can read: starts the gateway on a Node that is new enough, the running one or the
// one that npm installed beside the package, or says in one line what is missing.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const needed = 24;
const sources = fileURLToPath(new URL("../src", import.meta.url));
const built = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const entry = isCurrent() ? built : `${sources}/main.ts`;

if (Number(process.versions.node.split(".")[0]) >= needed) {
  nodeModule.enableCompileCache?.(); // V8's code from the start before: saves most of the time to ready
  process.argv[1] = entry;
  await import(pathToFileURL(entry).href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      `turnpike needs Node ${needed} or newer; this is ${process.versions.node}. Install a newer Node, or run npm install without --omit=optional.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code === null ? (signal === "SIGINT" ? 130 : 143) : code));
}

/** Whether dist/ is there and no source is younger: a checkout whose sources were edited runs the sources. */
function isCurrent() {
  if (!existsSync(built)) return false;
  if (!existsSync(sources)) return true; // an installed package has no sources
  const builtAt = statSync(built).mtimeMs;
  return readdirSync(sources, { recursive: true }).every((name) => statSync(`${sources}/${name}`).mtimeMs <= builtAt);
}

function pinnedNode() {
  const require = nodeModule.createRequire(import.meta.url);
  for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
    try {
      const node = require.resolve(`${name}/package.json`).replace(/package\.json$/, "bin/node");
      if (existsSync(node)) return node;
    } catch {
      // not installed for this platform
    }
  }
  return undefined;
}
