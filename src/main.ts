import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { explain } from "./commands/explain.ts";
import type { ProcessIo } from "./commands/io.ts";
import { run } from "./commands/run.ts";
import { schema } from "./commands/schema.ts";
import { validate } from "./commands/validate.ts";
import { buildInfo, version } from "./commands/version.ts";
import { fileOutput } from "./telemetry/log/file-output.ts";
import { type ConfigSource, fileSource, textSource } from "./config/source.ts";

/** Arguments, environment, signals and exit codes: the only file that reads process.env or writes to the console. */

const usage = `Usage: turnpike -f FILE [options]
       turnpike schema
       turnpike explain -f FILE --request "POST http://localhost:3000/mcp" [--header "name: value"]... [--body TEXT] [--claims JSON]

  -f, --file FILE        configuration file, YAML or JSON; - for standard input
  -c, --config TEXT      configuration as text
      --validate-only    check the configuration and end; fetches what it refers to, opens no port
      --portable         with --validate-only: list the keys that only Turnpike has
  -V                     version
      --version          version and build as JSON
  -h, --help             this text`;

const io: ProcessIo = {
  environment: process.env,
  out: (text) => void process.stdout.write(text),
  logOutput: fileOutput(1),
  error: (line) => console.error(line),
  input: () => readFileSync(0, "utf8"),
  onSignal: (handler) => {
    process.on("SIGTERM", () => handler("stop"));
    process.on("SIGINT", () => handler("stop"));
    process.on("SIGHUP", () => handler("reload"));
  },
  onUnhandledRejection: (handler) => void process.on("unhandledRejection", handler),
};

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      file: { type: "string", short: "f" },
      config: { type: "string", short: "c" },
      "validate-only": { type: "boolean" },
      portable: { type: "boolean" },
      request: { type: "string" },
      header: { type: "string", multiple: true },
      body: { type: "string" },
      claims: { type: "string" },
      V: { type: "boolean", short: "V" },
      version: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [command, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`unexpected argument ${rest[0]}`);
  if (values.help === true) return print(usage);
  if (values.V === true) return print(version());
  if (values.version === true) return print(JSON.stringify(buildInfo(), undefined, 2));
  if (command === "schema") return print(schema());

  const source = sourceOf(values.file, values.config);
  if (command === "explain")
    return explain(source, { request: values.request, headers: values.header ?? [], body: values.body, claims: values.claims }, io);
  if (command !== undefined) throw new UsageError(`unknown command ${command}`);
  return values["validate-only"] === true ? validate(source, values.portable === true, io) : run(source, io);
}

function sourceOf(file: string | undefined, config: string | undefined): ConfigSource {
  if (file !== undefined && config !== undefined) throw new UsageError("only one of --file and --config can be given");
  if (config !== undefined) return textSource(config, "<command line>");
  if (file === undefined) throw new UsageError("no configuration: give one with -f FILE");
  return isStandardInput(file) ? textSource(io.input(), "<stdin>") : fileSource(file);
}

/** Read once and never watched. */
function isStandardInput(file: string): boolean {
  return file === "-" || file === "/dev/stdin" || file.startsWith("/dev/fd/") || file.startsWith("/proc/self/fd/");
}

function print(text: string): number {
  console.log(text);
  return 0;
}

class UsageError extends Error {}

/** What parseArgs adds after the first sentence is about arguments that begin with a dash; the usage says the rest. */
function firstSentence(text: string): string {
  return text.split(". ", 1)[0] as string;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const isUsage =
    thrown instanceof UsageError || (thrown instanceof TypeError && "code" in thrown && String(thrown.code).startsWith("ERR_PARSE_ARGS"));
  console.error(thrown instanceof Error ? `turnpike: ${isUsage ? firstSentence(thrown.message) : thrown.message}` : thrown);
  if (isUsage) console.error(`\n${usage}`);
  process.exitCode = isUsage ? 2 : 1;
}
