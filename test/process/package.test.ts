import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../gateway-process.ts";
import { turnpike } from "./command-line.ts";
import { eventually } from "./serving.ts";

/** What users install: the packed package in a folder of its own, and the start script under an older Node. */

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-package-"));
  folders.push(folder);
  return folder;
}

/** Our Node first, so that npm's children run on it whatever else is installed. */
const environment = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}` };

/** Packs a copy: packing builds dist/ anew, and other tests may be running this one. */
async function pack(): Promise<string> {
  const copy = emptyFolder();
  for (const part of ["bin", "examples", "scripts", "src", "package.json", "LICENSE", "README.md", "CHANGELOG.md"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  await run("npm", ["pack"], { cwd: copy, env: environment });
  const packed = readdirSync(copy).find((name) => name.endsWith(".tgz"));
  assert.ok(packed !== undefined, "npm pack made a package");
  return join(copy, packed);
}

/** Installs a package from npm's cache or the registry. @returns why it cannot be done here, if so */
async function install(packed: string, folder: string): Promise<string | undefined> {
  writeFileSync(join(folder, "package.json"), "{}");
  try {
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--omit=optional", packed], {
      cwd: folder,
      env: environment,
      timeout: 60_000,
    });
    return undefined;
  } catch (cause) {
    return `the package's dependencies cannot be installed here: ${String(cause).split("\n", 2).join(" ")}`;
  }
}

describe("the package", () => {
  // shows: start-package
  it("runs with npx from an empty folder, without the sources", async (t: TestContext) => {
    const folder = emptyFolder();
    const problem = await install(await pack(), folder);
    if (problem !== undefined) return t.skip(problem);

    const files = readdirSync(join(folder, "node_modules/turnpike"));
    assert.deepEqual(files.sort(), ["CHANGELOG.md", "LICENSE", "README.md", "bin", "dist", "examples", "package.json"]);
    const { stdout } = await run("npx", ["turnpike", "-V"], { cwd: folder, env: environment });
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);

    const port = await freePort();
    const text = JSON.stringify({
      config: { adminAddr: "off", statsAddr: "off", readinessAddr: "off" },
      binds: [{ port, listeners: [{ routes: [{ policies: { directResponse: { status: 200, body: "packed" } } }] }] }],
    });
    const child = spawn(process.execPath, ["node_modules/.bin/turnpike", "-c", text], { cwd: folder, env: environment, stdio: "ignore" });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    try {
      const ask = (): Promise<string> => fetch(`http://127.0.0.1:${port}/`).then((reply) => reply.text());
      await eventually("an answer", () =>
        ask().then(
          (body) => body === "packed",
          () => false,
        ),
      );
    } finally {
      child.kill("SIGTERM");
    }
    assert.equal(await exited, 0);
  });
});

/** A Node on PATH that is too old to run the gateway itself; those of npm's own folders are ours. */
async function olderNode(): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (folder === "" || folder.includes("node_modules")) continue;
    const node = join(folder, "node");
    const version = await run(node, ["-v"]).then(
      ({ stdout }) => Number(/^v(\d+)\./.exec(stdout)?.[1]),
      () => undefined,
    );
    if (version !== undefined && version >= 20 && version < 24) return node;
  }
  return undefined;
}

describe("bin/turnpike.js under an older Node", () => {
  // shows: start-old-node
  it("starts the one that npm installed, with its arguments and its exit code", async (t) => {
    const node = await olderNode();
    if (node === undefined) return t.skip("there is no Node from 20 to 23 on PATH");
    const version = await turnpike(["--version"], { node });
    assert.equal(version.code, 0, version.stderr);
    const { node: major } = JSON.parse(version.stdout) as { node: string };
    assert.ok(Number(major.split(".")[0]) >= 24, major);
    const wrong = await turnpike(["-c", "binds: [{}]", "--validate-only"], { node });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^<command line>:1:9: binds\[0\]/);

    const child = spawn(node, ["bin/turnpike.js", "-c", "binds: [{port: 0, listeners: []}]"], {
      cwd: root,
      env: { ...environment, ADMIN_ADDR: "off", STATS_ADDR: "off", READINESS_ADDR: "off" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    let output = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    try {
      await eventually("a word that it runs", () => output.includes("listening"));
    } finally {
      child.kill("SIGTERM");
    }
    assert.equal(await exited, 0, "the signal is passed on and the exit code handed back");
  });
});
