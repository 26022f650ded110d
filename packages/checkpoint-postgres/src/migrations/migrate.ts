import { SchemaTooNewError, StoreFailureError, UnsupportedServerError } from "@holdfast/checkpoint-core";
import { flag, integer, refuseUnknown } from "@holdfast/checkpoint-core/adapter";
import { integer as integerOf, text } from "../columns.js";
import { setupRequired } from "../errors.js";
import type { Connections, PostgresClient } from "../pool.js";
import { type Tables, tablesIn } from "../tables.js";
import { inTransaction } from "../transaction.js";
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from "./index.js";

/** 14 is the oldest version that Postgres itself still supports in 2026. */
const OLDEST_SERVER = 14;

function ledgerSql(t: Tables): string {
  return `create table if not exists ${t.migration} (
  version integer primary key,
  name text not null,
  min_client_version integer not null,
  applied_at timestamptz not null default now()
);`;
}

function stepSql(t: Tables, { version, name, minClientVersion, sql }: Migration): string {
  const body = sql
    .replaceAll(":schema", () => t.schema)
    .replaceAll(":'schema'", () => t.schemaLiteral)
    .trim();
  return `${body}\ninsert into ${t.migration} (version, name, min_client_version) values (${version}, '${name}', ${minClientVersion});`;
}

/** Which SQL to print. */
export interface MigrationSqlOptions {
  /** The Postgres schema. Default `"holdfast"`. */
  readonly schema?: string;
  /** The schema version that is there already, up to the newest that this version knows. Default 0: none. */
  readonly from?: number;
  /** Whether the SQL creates the schema. Default `true`. */
  readonly createSchema?: boolean;
}

/**
 * The SQL that `setup()` runs, for a DBA or a migration tool: one transaction, from an empty schema or from a version on.
 *
 * @throws InvalidOptionsError
 */
export function migrationSql(options: MigrationSqlOptions = {}): string {
  refuseUnknown("migrationSql", options, ["schema", "from", "createSchema"]);
  const { schema = "holdfast", from = 0, createSchema = true } = options;
  const t = tablesIn(schema);
  integer("from", from, 0, SCHEMA_VERSION);
  flag("createSchema", createSchema);
  const head = from === 0 ? [...(createSchema ? [`create schema if not exists ${t.schema};`] : []), ledgerSql(t)] : [];
  const steps = MIGRATIONS.filter(({ version }) => version > from).map(
    (step) => `-- ${step.version} ${step.name}\n${stepSql(t, step)}`,
  );
  return ["begin;", `${PLAIN_LITERALS};`, ...head, ...steps, "commit;", ""].join("\n\n");
}

/**
 * Brings the schema to the newest version, in one transaction: all steps or none.
 *
 * Any number of processes may call it at once, even on an empty database. They queue at an advisory lock that ends with the transaction, so it also works through
 * PgBouncer in transaction mode. Later processes find nothing to do.
 */
export async function migrate(db: Connections, t: Tables, createSchema: boolean): Promise<void> {
  await db.withClient("setup", async (client) => {
    await inTransaction(db, client, async () => {
      await checkServer(db, client);
      // Before any DDL: concurrent CREATE SCHEMA and CREATE TABLE "if not exists" can fail.
      await db.execute(client, {
        text: "select pg_advisory_xact_lock(hashtextextended($1, $2))",
        values: [`holdfast:${t.schemaName}`, LOCK_SEED],
      });
      const ledger = await readLedger(db, client, t);
      const found = ledger ?? NO_SCHEMA;
      refuseNewer(found, t);
      const missing = MIGRATIONS.filter(({ version }) => version > found.version);
      if (missing.length === 0) return;
      // Backslashes in literals of the steps are plain text, whatever the database's default is.
      await db.executeScript(client, PLAIN_LITERALS);
      if (ledger === undefined) {
        await refuseOthersTables(db, client, t);
        // Only where it is not there: "if not exists" asks for the right to create one all the same.
        if (createSchema && !(await hasSchema(db, client, t)))
          await db.executeScript(client, `create schema if not exists ${t.schema}`);
        await db.executeScript(client, ledgerSql(t));
      }
      for (const step of missing) await db.executeScript(client, stepSql(t, step));
    });
  });
}

const PLAIN_LITERALS = "set local standard_conforming_strings = on";

async function hasSchema(db: Connections, client: PostgresClient, t: Tables): Promise<boolean> {
  const [row] = await db.execute(client, {
    text: "select count(*) from pg_catalog.pg_namespace where nspname = $1",
    values: [t.schemaName],
  });
  return row !== undefined && integerOf(row, 0) > 0;
}

/** An application's own tables in the schema, under names of ours. */
async function refuseOthersTables(db: Connections, client: PostgresClient, t: Tables): Promise<void> {
  const names = [t.thread, t.checkpoint, t.segment, t.pendingWrite, t.tombstone, t.sweeper, t.migration];
  const rows = await db.execute(client, {
    text: "select name from unnest($1::text[]) as name where to_regclass(name) is not null",
    values: [names],
  });
  if (rows.length === 0) return;
  const found = rows.map((row) => text(row, 0)).join(", ");
  throw new StoreFailureError(
    `setup: ${found} in this database is not Holdfast's. Give Holdfast a schema of its own: the option schema. Nothing was changed.`,
  );
}

/** Keeps our advisory locks apart from those of other programs that hash the same text. */
const LOCK_SEED = 7_406_371;

/**
 * Refuses a schema that is missing, older than this code, or newer than it can work with. One round trip.
 *
 * @throws SetupRequiredError, SchemaTooNewError
 */
export async function checkSchema(db: Connections, t: Tables, operation: string): Promise<void> {
  // Without a ledger, Postgres' own error becomes SetupRequiredError.
  const found = await db.withClient(operation, (client) => readVersion(db, client, t));
  refuseNewer(found, t);
  if (found.version < SCHEMA_VERSION) throw setupRequired(operation, db.server);
}

interface SchemaState {
  readonly version: number;
  readonly minClientVersion: number;
}

/** `undefined` where there is no ledger, or a table of that name that is somebody else's. An error would end the transaction, so it is looked for first. */
async function readLedger(db: Connections, client: PostgresClient, t: Tables): Promise<SchemaState | undefined> {
  const [row] = await db.execute(client, {
    text: "select count(*) from pg_catalog.pg_attribute where attrelid = to_regclass($1) and attname in ('version', 'min_client_version')",
    values: [t.migration],
  });
  return row === undefined || integerOf(row, 0) < 2 ? undefined : readVersion(db, client, t);
}

async function readVersion(db: Connections, client: PostgresClient, t: Tables): Promise<SchemaState> {
  const [row] = await db.execute(client, {
    text: `select coalesce(max(version), 0), coalesce(max(min_client_version), 0) from ${t.migration}`,
    values: [],
  });
  return row === undefined ? NO_SCHEMA : { version: integerOf(row, 0), minClientVersion: integerOf(row, 1) };
}

const NO_SCHEMA: SchemaState = { version: 0, minClientVersion: 0 };

function refuseNewer(found: SchemaState, t: Tables): void {
  if (found.minClientVersion <= SCHEMA_VERSION) return;
  throw new SchemaTooNewError(
    `Schema "${t.schemaName}" is at version ${found.version} and needs a Holdfast that knows version ${found.minClientVersion}; ` +
      `this one knows ${SCHEMA_VERSION}. Update @holdfast/checkpoint-postgres in this service.`,
  );
}

async function checkServer(db: Connections, client: PostgresClient): Promise<void> {
  const [row] = await db.execute(client, {
    text: "select current_setting('server_version_num'), current_setting('server_encoding')",
    values: [],
  });
  if (row === undefined) return;
  const major = Math.floor(integerOf(row, 0) / 10_000);
  if (major < OLDEST_SERVER)
    throw new UnsupportedServerError(`Postgres ${major} is too old; Holdfast needs ${OLDEST_SERVER} or later.`);
  if (text(row, 1) !== "UTF8") {
    throw new UnsupportedServerError(
      `The database's encoding is ${text(row, 1)}; Holdfast needs UTF8, because other encodings could mix up ids.`,
    );
  }
}
