import { type ErrorsWithoutValuesTarget, errorsWithoutValuesTests } from "@holdfast/adapter-tests";
import pg from "pg";
import { retentionTarget } from "./retention-target.js";
import { queryRows } from "./rows.js";

type Fault = ErrorsWithoutValuesTarget["faults"][string];

const TABLES = ["thread", "checkpoint", "segment", "pending_write"];

/** For each table in turn. */
function each(statement: (table: string) => string, tables: readonly string[] = TABLES): string {
  return tables.map(statement).join("; ");
}

function afterStatement(text: string): Fault {
  return async ({ url }) => {
    await queryRows(url, text);
    return { end: async () => undefined };
  };
}

/** @param body of a function that is called for each row that is written or deleted. */
function trigger(body: string): Fault {
  return afterStatement(
    `create function holdfast.refuse() returns trigger language plpgsql as $$ begin ${body}; return null; end $$; ` +
      each(
        (table) =>
          `create trigger refusal before insert or update or delete on holdfast.${table} for each row execute function holdfast.refuse()`,
      ),
  );
}

errorsWithoutValuesTests({
  ...retentionTarget,
  /** Ways in which a server refuses a row, and quotes it. */
  faults: {
    "a constraint": afterStatement(
      each((table) => `alter table holdfast.${table} add constraint refusal check (false) not valid`),
    ),
    "a trigger that says the row wherever it can": trigger(
      "raise warning 'no: %', new; raise exception 'no: %', coalesce(new, old) using hint = new, detail = new, column = new, constraint = new, table = new, schema = new, datatype = new",
    ),
    "a trigger that cannot read what it casts": trigger("perform to_jsonb(coalesce(new, old))::text::int"),
    "a unique index": afterStatement(
      "create unique index refusal on holdfast.checkpoint ((left(metadata->>'note', 100))) where metadata->>'note' like '% new %'",
    ),
    "an index whose rows are too long": afterStatement("create index refusal on holdfast.checkpoint ((metadata->>'note'))"),
    "a statement in a function that fails": trigger("execute format('select %L::int', to_jsonb(coalesce(new, old))::text)"),
    "a trigger that ends the session": trigger("perform pg_terminate_backend(pg_backend_pid())"),
    "tables that are gone": afterStatement("alter schema holdfast rename to elsewhere"),
    "a column that is gone": afterStatement(
      each((table) => `alter table holdfast.${table} rename column thread_key to another_key`),
    ),
    "a database that is read only": async ({ url }) => {
      const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
      await queryRows(url, `alter database ${name} set default_transaction_read_only = on`);
      return { end: async () => undefined };
    },
    "locks that are not given": async ({ url }) => {
      const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
      await queryRows(url, `alter database ${name} set lock_timeout = '20ms'`);
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(`begin; ${each((table) => `lock table holdfast.${table} in access exclusive mode`)}`);
      return { end: () => client.end() };
    },
  },
});
