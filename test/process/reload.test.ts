import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually, type Serving, startServing } from "./serving.ts";

/** Changes of a configuration that is served, as editors, deployments and Kubernetes make them. */

const started: Serving[] = [];
after(async () => {
  for (const { gateway } of started) await gateway.stop();
});

const config = (port: number, body: string): string => `
binds:
- port: ${port}
  listeners:
  - routes:
    - policies: {directResponse: {status: 200, body: ${JSON.stringify(body)}}}
`;

async function start(text: (port: number) => string = (port) => config(port, "1")): Promise<Serving> {
  const serving = await startServing(text);
  started.push(serving);
  return serving;
}

const served = async ({ url }: Serving): Promise<string> => (await fetch(url)).text();
const becomes = (serving: Serving, body: string): Promise<void> =>
  eventually(`"${body}" served`, async () => (await served(serving)) === body);
const count = (text: string, part: string): number => text.split(part).length - 1;

/** Longer than it takes until a change of a file is looked at. */
const afterQuiet = (): Promise<void> => pause(700);

// shows: reload-file
describe("a change of the file is followed", () => {
  let serving: Serving;
  before(async () => {
    serving = await start();
  });

  it("written in place", async () => {
    writeFileSync(serving.gateway.configFile, config(serving.port, "in place"));
    await becomes(serving, "in place");
  });

  it("replaced by another file", async () => {
    const { configFile } = serving.gateway;
    writeFileSync(`${configFile}.new`, config(serving.port, "renamed"));
    renameSync(`${configFile}.new`, configFile);
    await becomes(serving, "renamed");
  });

  it("behind links that are exchanged, as in a ConfigMap", async () => {
    const { configFile } = serving.gateway;
    const folder = dirname(configFile);
    const version = (name: string, body: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "config.yaml"), config(serving.port, body));
      symlinkSync(name, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    version("..1", "linked");
    rmSync(configFile);
    symlinkSync("..data/config.yaml", configFile);
    await becomes(serving, "linked");
    version("..2", "exchanged");
    rmSync(join(folder, "..1"), { recursive: true });
    await becomes(serving, "exchanged");
    version("..3", "again");
    await becomes(serving, "again");
  });

  it("behind a link to another folder", async () => {
    const { configFile } = serving.gateway;
    const elsewhere = join(dirname(configFile), "elsewhere");
    mkdirSync(elsewhere);
    const file = join(elsewhere, "gateway.yaml");
    writeFileSync(file, config(serving.port, "elsewhere"));
    rmSync(configFile);
    symlinkSync(file, configFile);
    await becomes(serving, "elsewhere");
    writeFileSync(file, config(serving.port, "changed elsewhere"));
    await becomes(serving, "changed elsewhere");
  });
});

describe("other ways", () => {
  // shows: reload-signal
  it("SIGHUP reads the file again", async () => {
    const serving = await start();
    serving.gateway.child.kill("SIGHUP");
    await eventually("a word about it", () => serving.gateway.output().includes("config reloaded"));
    assert.equal(await served(serving), "1");
  });

  it("a folder that is never quiet does not put a change off for ever", async () => {
    const serving = await start();
    const noise = setInterval(() => writeFileSync(join(dirname(serving.gateway.configFile), "noise.log"), String(performance.now())), 50);
    try {
      writeFileSync(serving.gateway.configFile, config(serving.port, "despite noise"));
      await becomes(serving, "despite noise");
    } finally {
      clearInterval(noise);
    }
  });
});

describe("a wrong change", () => {
  // shows: reload-wrong
  it("keeps the old state, is complained of once, and shows in a metric until it is mended", async () => {
    const serving = await start();
    const { gateway } = serving;
    const complaint = "Failed to reload config; the previous one serves on";
    writeFileSync(gateway.configFile, config(serving.port, "2").replace("directResponse", "directResponze"));
    await eventually("a complaint", () => gateway.output().includes(complaint));
    assert.match(gateway.output(), /config\.yaml:6:18: .*directResponze: unknown key; did you mean `directResponse`\?/);
    assert.equal(await served(serving), "1");
    assert.match(await serving.metrics(), /^agentgateway_config_synchronized 0$/m);

    writeFileSync(join(dirname(gateway.configFile), "another-file"), "of no interest");
    await afterQuiet();
    assert.equal(count(gateway.output(), complaint), 1);

    writeFileSync(gateway.configFile, config(serving.port, "3"));
    await becomes(serving, "3");
    assert.match(await serving.metrics(), /^agentgateway_config_synchronized 1$/m);
  });

  it("for want of a file is made good when the file appears, in whatever folder", async () => {
    const serving = await start();
    const { gateway } = serving;
    const folder = join(dirname(gateway.configFile), "secrets");
    const users = join(folder, "users");
    mkdirSync(folder);
    const guarded = config(serving.port, "guarded").replace(
      "policies: {",
      `policies: {basicAuth: {mode: strict, htpasswd: {file: ${users}}}, `,
    );
    writeFileSync(gateway.configFile, guarded);
    await eventually("a complaint", () => gateway.output().includes(`cannot read the file ${users}`));
    assert.equal(await served(serving), "1");
    writeFileSync(users, "alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
    await eventually("401 for strangers", async () => (await fetch(serving.url)).status === 401);
    const known = await fetch(serving.url, { headers: { authorization: `Basic ${btoa("alice:password")}` } });
    assert.equal(await known.text(), "guarded");
  });

  it("that wants a port which is taken names it, and the others serve", async () => {
    const serving = await start();
    const other = await start();
    const both = `${config(serving.port, "2")}${config(other.port, "x").replace("\nbinds:", "")}`;
    writeFileSync(serving.gateway.configFile, both);
    await becomes(serving, "2");
    await eventually("a complaint", () => serving.gateway.output().includes(`cannot listen on port ${other.port} (bind/${other.port})`));
    assert.match(await serving.metrics(), /^agentgateway_config_synchronized 0$/m);
    assert.equal(await served(other), "1");
  });
});
