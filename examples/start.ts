/**
 * `npm start`: the simulated model and the gateway on examples/quickstart.yaml, both ended by Ctrl-C. Models of real
 * providers are added for every key in the environment. Arguments are passed on to the gateway.
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startSimulatedModel } from "./simulated-model.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = fileURLToPath(new URL(".scratch", import.meta.url));
const simulatedPort = 4010;

/** Models that become available with a key, by the variable that holds it: name pattern and provider. */
const providers: Readonly<Record<string, readonly [pattern: string, provider: string]>> = {
  OPENAI_API_KEY: ["gpt-*", "openAI"],
  MISTRAL_API_KEY: ["mistral-*", "mistral"],
  GROQ_API_KEY: ["groq/*", "groq"],
  DEEPSEEK_API_KEY: ["deepseek-*", "deepseek"],
  XAI_API_KEY: ["grok-*", "xai"],
  OPENROUTER_API_KEY: ["openrouter/*", "openrouter"],
};

function moreModels(): string {
  const found = Object.entries(providers).filter(([key]) => (process.env[key] ?? "") !== "");
  // the key itself stays in the environment: the gateway expands only the configuration, once, so it is named by its file of environment
  return found
    .map(([key, [name, provider]]) => `- {name: "${name}", provider: ${provider}, params: {apiKey: ${JSON.stringify(process.env[key])}}}`)
    .join("\n    ");
}

mkdirSync(scratch, { recursive: true });
const model = await startSimulatedModel({ port: simulatedPort });
const gateway = spawn(process.execPath, ["bin/turnpike.js", "-f", "examples/quickstart.yaml", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, TURNPIKE_SCRATCH: scratch, TURNPIKE_MORE_MODELS: moreModels() },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => gateway.kill(signal));
gateway.on("exit", (code) => {
  void model.close();
  process.exitCode = code ?? 0;
});
