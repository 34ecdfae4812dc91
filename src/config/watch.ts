import { type FSWatcher, realpathSync, watch } from "node:fs";
import { dirname } from "node:path";

/** Milliseconds of quiet before a change counts: editors and ConfigMap updates touch files several times. */
const debounceMs = 250;
/** Milliseconds after which a change counts even where the folder is never quiet, as one with a log file in it. */
const longestMs = 2_000;

/**
 * Watches the folders of some files and says when anything in them changed. Folders, because editors and Kubernetes
 * replace files instead of writing into them; the caller compares contents.
 */
export class FileWatch {
  private readonly changed: () => void;
  private readonly failed: (folder: string, cause: unknown) => void;
  private readonly watchers = new Map<string, FSWatcher>();
  private timer: NodeJS.Timeout | undefined;
  private firstTouchedAt: number | undefined;

  constructor(changed: () => void, failed: (folder: string, cause: unknown) => void) {
    this.changed = changed;
    this.failed = failed;
  }

  /**
   * Makes the watched files these; called again after each reload, as another file may name others. A file behind a link
   * is watched at both ends.
   */
  follow(files: readonly string[]): void {
    const folders = new Set(files.flatMap((file) => [dirname(file), dirname(realPath(file))]));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) if (!this.watchers.has(folder)) this.open(folder);
  }

  close(): void {
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  private open(folder: string): void {
    try {
      const watcher = watch(folder, () => this.touch());
      watcher.on("error", (cause) => {
        watcher.close();
        this.watchers.delete(folder);
        this.failed(folder, cause);
      });
      this.watchers.set(folder, watcher);
      this.touch(); // a file may have changed between its reading and now
    } catch (cause) {
      // a file that was looked for and need not be there: whoever needs it has said so
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") this.failed(folder, cause);
    }
  }

  private touch(): void {
    const now = performance.now();
    this.firstTouchedAt ??= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.firstTouchedAt = undefined;
        this.changed();
      },
      Math.max(0, Math.min(debounceMs, this.firstTouchedAt + longestMs - now)),
    );
  }
}

/** Where a path leads; the path itself when there is nothing yet. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
