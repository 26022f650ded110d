import initSqlJs, { type Database, type SqlValue } from "sql.js";

/**
 * A SQLite database in memory with the part of better-sqlite3's interface that the official saver uses. It is SQLite itself, compiled to WebAssembly: the
 * native module, which an install of this repository leaves out, would be compiled for minutes.
 */
export async function wasmSqlite(): Promise<WasmSqlite> {
  const { Database } = await initSqlJs();
  return new WasmSqlite(new Database());
}

type Row = Record<string, SqlValue>;

class WasmSqlite {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  pragma(text: string): void {
    this.#db.exec(`pragma ${text}`);
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  prepare(sql: string): {
    get(...args: unknown[]): Row | undefined;
    all(...args: unknown[]): Row[];
    run(...args: unknown[]): void;
  } {
    const all = (...args: unknown[]): Row[] => {
      const statement = this.#db.prepare(sql);
      try {
        statement.bind(args.map((argument) => (argument ?? null) as SqlValue));
        const rows: Row[] = [];
        while (statement.step()) rows.push(statement.getAsObject() as Row);
        return rows;
      } finally {
        statement.free();
      }
    };
    return { all, get: (...args) => all(...args)[0], run: (...args) => void all(...args) };
  }

  transaction(work: (...args: unknown[]) => void): (...args: unknown[]) => void {
    return (...args) => {
      this.#db.exec("begin");
      try {
        work(...args);
        this.#db.exec("commit");
      } catch (error) {
        this.#db.exec("rollback");
        throw error;
      }
    };
  }

  close(): void {
    this.#db.close();
  }
}
