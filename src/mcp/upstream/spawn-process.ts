import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { SpawnedProcess, SpawnSettings } from "../settings.ts";

/**
 * Starts a child process as the leader of its own process group, so that what it starts itself (npx runs node, a shell
 * script runs a server) can be ended with it.
 * @throws Error when there are not even pipes for it: the gateway is out of file descriptors
 */
export function spawnProcessGroup({ command, args, env }: SpawnSettings): SpawnedProcess {
  const child = spawn(command, args, { env, detached: true, stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  if (!hasPipes(child)) {
    child.once("error", () => {}); // which comes later, and is what is thrown here
    throw new Error("could not be started (out of file descriptors)");
  }
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // nobody of the group is left
    }
  };
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    onExit(listener) {
      let told = false;
      const tell = (reason: string): void => {
        if (told) return;
        told = true;
        listener(reason);
      };
      child.once("error", (error: NodeJS.ErrnoException) => tell(`could not be started (${error.code ?? error.message})`));
      child.once("exit", (code, signal) => {
        signalGroup("SIGKILL"); // descendants that outlived their leader
        tell(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    },
    kill: signalGroup,
  };
}

/** Node leaves them out when it has no file descriptors for them, whatever its types say. */
function hasPipes({ stdin, stdout, stderr }: Partial<ChildProcessWithoutNullStreams>): boolean {
  return stdin !== undefined && stdout !== undefined && stderr !== undefined;
}
