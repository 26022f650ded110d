import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { readConnString } from "./connection-string.js";

const SECRET = "s3cr3t-p4ssw0rd";

function refusalOf(text: unknown): Error {
  try {
    readConnString(text, false);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`It was taken: ${String(text)}`);
}

describe("readConnString", () => {
  it.for<[what: string, text: string, says: RegExp]>([
    ["in quotes", `"postgres://user:${SECRET}@host/db"`, /quotes/],
    ["in single quotes", `'postgres://user:${SECRET}@host/db'`, /quotes/],
    ["keywords", `host=localhost dbname=app password=${SECRET}`, /keywords/],
    ["keywords with spaces", `  dbname = app`, /keywords/],
    ["of JDBC", `jdbc:postgresql://host:5432/db?user=me&password=${SECRET}`, /JDBC/],
    ["of SQLAlchemy", `postgresql+asyncpg://user:${SECRET}@host/db`, /driver of another language/],
    ["of psycopg", `postgres+psycopg2://user:${SECRET}@host/db`, /driver of another language/],
    ["of MySQL", `mysql://user:${SECRET}@host/db`, /not for Postgres/],
    ["without a scheme", `user:${SECRET}@host/db`, /Write postgres:/],
    ["only a host", "localhost:5432", /Write postgres:/],
    ["of HTTP", `https://host/${SECRET}`, /not for Postgres/],
    ["a password with #", `postgres://user:${SECRET}#1@host/db`, /percent-encode/],
    ["a password of digits with #", "postgres://user:123#s3cr3t-p4ssw0rd@host/db", /percent-encode/],
    ["a password with /", `postgres://user:12/${SECRET}@host/db`, /percent-encode/],
    ["a password with ?", `postgres://user:12?${SECRET}@host/db`, /percent-encode/],
    ["a password with @", `postgres://user:p@${SECRET}@host/db`, /percent-encode/],
    ["a password with %", `postgres://user:100%${SECRET}@host/db`, /percent-encode/],
    ["a port that is none", `postgres://user:${SECRET}@host:port/db`, /port/],
    ["a port that is too large", `postgres://user:${SECRET}@host:70000/db`, /port/],
    ["an address that is none", `postgres://user:${SECRET}@[/db`, /Write postgres/],
    ["a missing host in a list", `postgres://user:${SECRET}@one,,two/db`, /host is missing/],
    [
      "a server that is only to be read",
      `postgres://user:${SECRET}@one,two/db?target_session_attrs=standby`,
      /target_session_attrs/,
    ],
    ["a mode of TLS that is none", `postgres://user:${SECRET}@host/db?sslmode=yes`, /sslmode/],
    ["a certificate that is not there", `postgres://user:${SECRET}@host/db?sslrootcert=/nowhere.pem`, /sslrootcert/],
    ["empty", " ", /empty/],
  ])("C-73 %s: refused, with what to write and no part of the password", ([, text, says]) => {
    const error = refusalOf(text);
    expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS", message: expect.stringMatching(says) });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/s3cr3t|p4ssw0rd/);
  });

  it.for<[text: string, name: string, urls?: readonly string[]]>([
    ["postgres://user:pass@host:5433/db", "host:5433"],
    [
      "postgresql://user:pa%23ss%40@host/db?sslmode=disable",
      "host:5432",
      ["postgresql://user:pa%23ss%40@host:5432/db?sslmode=disable"],
    ],
    ["  postgres://host/db\n", "host:5432", ["postgres://host:5432/db"]],
    ["postgres://user@[::1]:5433/db", "[::1]:5433"],
    ["postgres:///db?host=/var/run/postgresql", "/var/run/postgresql:5432", ["postgres://%2Fvar%2Frun%2Fpostgresql:5432/db"]],
    ["postgres://%2Ftmp/db", "/tmp:5432", ["postgres://%2Ftmp:5432/db"]],
    ["postgres://host/db?options=-c%20jit%3Doff", "host:5432", ["postgres://host:5432/db?options=-c+jit%3Doff"]],
    ["postgres://host/db?user=me@example.com", "host:5432", ["postgres://host:5432/db?user=me%40example.com"]],
    [
      "postgres://u:p@one,two:5433/db?target_session_attrs=read-write",
      "one:5432, two:5433",
      ["postgres://u:p@one:5432/db", "postgres://u:p@two:5433/db"],
    ],
    ["postgres://u:p@/db?host=one,two&port=1,2", "one:1, two:2", ["postgres://u:p@one:1/db", "postgres://u:p@two:2/db"]],
    [
      "postgres://u:p@[::1],[::2]:5433/db",
      "[::1]:5432, [::2]:5433",
      ["postgres://u:p@[::1]:5432/db", "postgres://u:p@[::2]:5433/db"],
    ],
  ])("C-73 %s is read", ([text, name, urls = [text]]) => {
    expect(readConnString(text, false)).toEqual({ urls, name });
  });

  it("C-77 what it says of TLS does not count where that is said otherwise", () => {
    expect(readConnString("postgres://host/db?sslmode=require&application_name=x", true).urls).toEqual([
      "postgres://host:5432/db?application_name=x",
    ]);
  });
});
