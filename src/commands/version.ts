import { readFileSync } from "node:fs";

/** The package's version. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Version and platform, for reports and the build_info metric. */
export function buildInfo(): Record<string, string> {
  return { version: version(), node: process.versions.node, platform: process.platform, arch: process.arch };
}
