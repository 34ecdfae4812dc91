import { loadRuntime } from "../config/compile/load-runtime.ts";
import { findExtensions } from "../config/extensions.ts";
import type { ConfigSource } from "../config/source.ts";
import { createProcessParts, type OwnedParts } from "./process-parts.ts";
import type { ProcessIo } from "./io.ts";
import { reportConfigError } from "./report.ts";

/** Milliseconds for all remote documents together. */
const remoteDeadlineMs = 30_000;

/**
 * Checks a configuration as the gateway would load it, and fetches what it refers to. Opens no port.
 * @param portable also lists the keys that the reference project does not know
 */
export async function validate(source: ConfigSource, portable: boolean, io: ProcessIo): Promise<number> {
  let parts: OwnedParts | undefined;
  try {
    parts = createProcessParts(source, io);
    const loaded = loadRuntime(source, parts);
    for (const warning of loaded.warnings) io.error(`warning: ${warning}`);
    await withDeadline(loaded.runtime.remotesReady);
    if (portable) for (const { path, what } of findExtensions(loaded.tree)) io.out(`${path}: only Turnpike has this (${what})\n`);
    await loaded.release();
    io.out("Configuration is valid!\n");
    return 0;
  } catch (thrown) {
    return reportConfigError(thrown, io);
  } finally {
    await parts?.close();
  }
}

function withDeadline(remotes: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`remote documents did not arrive within ${remoteDeadlineMs / 1000} s`)), remoteDeadlineMs);
  });
  return Promise.race([remotes, deadline]).finally(() => clearTimeout(timer));
}
