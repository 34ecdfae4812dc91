import { closeSync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StateRow, StateStore } from "../contract/stores.ts";

/** Written into the file; one of another version is refused rather than misread. */
const schemaVersion = 1;
/** Milliseconds to wait for another process that is writing. */
const busyTimeoutMs = 2_000;

const statements = {
  get: "SELECT value FROM state WHERE kind = ? AND key = ?",
  set: "INSERT INTO state (kind, key, value) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
  delete: "DELETE FROM state WHERE kind = ? AND key = ?",
  list: "SELECT key, value FROM state WHERE kind = ? ORDER BY key",
} as const;

/** State in an SQLite file, which several processes of one machine may share. */
export class SqliteState implements StateStore {
  readonly durable = true;
  private readonly database: DatabaseSync;
  private readonly prepared: Readonly<Record<keyof typeof statements, StatementSync>>;

  /**
   * @param file path; made when it is not there, readable by its owner alone
   * @throws Error naming the file when it cannot be opened, or was written by a version that is not understood
   */
  constructor(file: string) {
    this.database = open(file);
    const prepare = (sql: string): StatementSync => this.database.prepare(sql);
    this.prepared = {
      get: prepare(statements.get),
      set: prepare(statements.set),
      delete: prepare(statements.delete),
      list: prepare(statements.list),
    };
  }

  get(kind: string, key: string): Buffer | undefined {
    const row = this.prepared.get.get(kind, key);
    return row === undefined ? undefined : bytesOf(row["value"]);
  }

  set(kind: string, key: string, value: Uint8Array): void {
    this.prepared.set.run(kind, key, value);
  }

  delete(kind: string, key: string): boolean {
    return Number(this.prepared.delete.run(kind, key).changes) > 0;
  }

  list(kind: string): readonly StateRow[] {
    return this.prepared.list.all(kind).map((row) => ({ key: String(row["key"]), value: bytesOf(row["value"]) }));
  }

  close(): void {
    this.database.close();
  }
}

function open(file: string): DatabaseSync {
  try {
    closeSync(openSync(file, "a", 0o600));
    // loaded here: a gateway without a file does not pay for it
    const { DatabaseSync: Database } = process.getBuiltinModule("node:sqlite");
    const database = new Database(file, { timeout: busyTimeoutMs });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version === 0) {
      database.exec("CREATE TABLE IF NOT EXISTS state (kind TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID");
      database.exec(`PRAGMA user_version = ${schemaVersion}`);
    } else if (version !== schemaVersion) {
      database.close();
      throw new Error(`it has version ${version}, and this gateway reads version ${schemaVersion}`);
    }
    return database;
  } catch (cause) {
    throw new Error(`config.state.file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function bytesOf(value: unknown): Buffer {
  const bytes = value as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
