import packageJson from "../../package.json" with { type: "json" };

/** The package's version. */
export function version(): string {
  return packageJson.version;
}

/** Version and platform, for reports. */
export function buildInfo(): Record<string, string> {
  return { version: version(), node: process.versions.node, platform: process.platform, arch: process.arch };
}
