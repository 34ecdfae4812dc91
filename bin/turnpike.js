#!/usr/bin/env node
// Plain JavaScript that any Node can read: starts the gateway on a Node that is new enough, the running one or the
// one that npm installed beside the package, or says in one line what is missing.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const needed = 24;
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const built = fileURLToPath(new URL("../dist/main.js", import.meta.url));
// a checkout runs its sources; an installed package has none (Node strips no types under node_modules)
const entry = existsSync(source) ? source : built;

if (Number(process.versions.node.split(".")[0]) >= needed) {
  process.argv[1] = entry;
  import(pathToFileURL(entry).href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(`turnpike needs Node ${needed} or newer; this is ${process.versions.node}. Install a newer Node, or run npm install without --omit=optional.`);
    process.exit(1);
  }
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code === null ? (signal === "SIGINT" ? 130 : 143) : code));
}

function pinnedNode() {
  const require = createRequire(import.meta.url);
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
