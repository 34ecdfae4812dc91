import { systemClock } from "../src/base/clock.ts";
import type { ProcessIo } from "../src/commands/io.ts";
import { createProcessParts } from "../src/commands/process-parts.ts";
import type { ConfigSource } from "../src/config/source.ts";
import { type Gateway, startGateway } from "../src/gateway.ts";

/** A gateway in this process, as `turnpike -f` would run it, less the admin ports and signals. */
export interface TestGateway {
  readonly gateway: Gateway;
  /** `http://127.0.0.1:<port>` of a bind; the only one when no key is given. */
  url(key?: string): string;
  /** Everything written to standard output so far. */
  output(): Promise<string>;
  /** The text of /metrics. */
  metrics(): Promise<string>;
  /** Replaces the configuration. @returns whether it took effect */
  reload(config: string): Promise<boolean>;
  /** How many resources (pools, key sets, ...) are held. */
  resources(): number;
  close(): Promise<void>;
}

/** Log lines are written in pieces; a little more than the longest that one waits. Milliseconds. */
const logDelayMs = 150;

/** Starts a gateway on a configuration; ports written as 0 are chosen by the system. */
export async function startTestGateway(config: string, environment: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  let text = config;
  let output = "";
  const source: ConfigSource = { name: "test.yaml", file: undefined, read: () => text };
  const io: ProcessIo = {
    environment: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    out: (more) => (output += more),
    logOutput: {
      write(more, done) {
        output += more;
        done();
      },
    },
    error: (line) => (output += `${line}\n`),
    input: () => "",
    onSignal: () => {},
    onUnhandledRejection: () => {},
  };
  const parts = createProcessParts(source, io);
  let gateway: Gateway;
  try {
    gateway = await startGateway({ source, parts, watch: false, clock: systemClock });
  } catch (thrown) {
    await parts.close();
    throw thrown;
  }
  return {
    gateway,
    url(key) {
      const port = key === undefined ? [...gateway.ports.values()][0] : gateway.ports.get(key);
      if (port === undefined) throw new Error(`no open port for ${key ?? "any bind"}; there are ${[...gateway.ports.keys()].join(", ")}`);
      return `http://127.0.0.1:${port}`;
    },
    async output() {
      await new Promise((resolve) => setTimeout(resolve, logDelayMs));
      return output;
    },
    resources: () => parts.resources.size,
    metrics: () => parts.telemetry.render(),
    reload(config) {
      text = config;
      return gateway.reload();
    },
    async close() {
      await gateway.close(500);
      await parts.close();
    },
  };
}
