import { randomBytes } from "node:crypto";
import { Client, escapeIdentifier, escapeLiteral } from "pg";

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** Drops it; whoever is still connected after five seconds is cut off. */
  drop(): Promise<void>;
}

export interface CreateDatabaseOptions {
  /** Copied: a database that `ensureTemplate` prepared. Default: an empty one. */
  readonly template?: string;
}

/** Marks what this package leaves on a server that outlives the run. */
const TEMPLATE_COMMENT = "holdfast test template";

/** SQLSTATE object_in_use. */
const IN_USE = "55006";

/** A database of its own for a test file: files then run in parallel on one server. */
export async function createDatabase(
  serverUrl: string,
  { template = "template0" }: CreateDatabaseOptions = {},
): Promise<TestDatabase> {
  const name = `holdfast_${randomBytes(8).toString("hex")}`;
  await onServer(serverUrl, (client) =>
    client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(template)}`),
  );
  return {
    name,
    url: withDatabaseName(serverUrl, name),
    drop: () => onServer(serverUrl, (client) => dropDatabase(client, name)),
  };
}

export function withDatabaseName(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.href;
}

/**
 * Prepares the template database `name` once, however many processes ask for it at the same time. All must give the same `serverUrl`: the
 * lock that makes them wait for each other belongs to the database that the URL names.
 */
export async function ensureTemplate(serverUrl: string, name: string, prepare: (url: string) => Promise<void>): Promise<void> {
  await onServer(serverUrl, async (client) => {
    await client.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [`${TEMPLATE_COMMENT} ${name}`]);
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1 AND datistemplate", [name]);
    if (rowCount === 1) return;
    // A database of that name that is not marked as a template is one whose preparation failed half way.
    await dropDatabase(client, name);
    const database = escapeIdentifier(name);
    await client.query(`CREATE DATABASE ${database} TEMPLATE template0`);
    await client.query(`COMMENT ON DATABASE ${database} IS ${escapeLiteral(TEMPLATE_COMMENT)}`);
    await prepare(withDatabaseName(serverUrl, name));
    // PostgreSQL copies only a database to which nobody is connected.
    await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
    await client.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", [name]);
    await client.query(`ALTER DATABASE ${database} IS_TEMPLATE true`);
  });
}

/** On a server that outlives the run, a template would outlive the migrations that it was made with. */
export async function dropTemplates(serverUrl: string): Promise<void> {
  await onServer(serverUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE shobj_description(oid, 'pg_database') = $1",
      [TEMPLATE_COMMENT],
    );
    for (const { name } of rows) {
      await client.query(`ALTER DATABASE ${escapeIdentifier(name)} IS_TEMPLATE false`);
      await dropDatabase(client, name);
    }
  });
}

/**
 * PostgreSQL waits up to five seconds for connections that are being closed, and refuses if some are left (code 55006). Only those are ended by force: a
 * pool's `end()` resolves before the server has seen its connections close, and a connection that is ended by force meanwhile is an `error` event, which
 * ends the process where nobody listens to that pool any more (3 times in 960 connections).
 */
async function dropDatabase(client: Client, name: string): Promise<void> {
  const drop = `DROP DATABASE IF EXISTS ${escapeIdentifier(name)}`;
  try {
    await client.query(drop);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== IN_USE) throw error;
    await client.query(`${drop} WITH (FORCE)`);
  }
}

async function onServer<T>(serverUrl: string, work: (client: Client) => Promise<T>): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  // A connection that breaks makes the query fail; without a listener it would also end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
