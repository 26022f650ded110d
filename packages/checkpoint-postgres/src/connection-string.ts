import { InvalidOptionsError } from "@holdfast/checkpoint-core";
import pg from "pg";

/** A connection string, read. */
export interface Address {
  /** One connection string for each host. */
  readonly urls: readonly [string, ...string[]];
  /** `host:port`, one or several, for messages. */
  readonly name: string;
}

const FORM = "Write postgres://user:password@host:5432/database.";
const ENCODE = "percent-encode it (encodeURIComponent): # is %23, / is %2F, ? is %3F, @ is %40, % is %25";

/** What a text is instead of a connection string; `undefined`: nothing that is known. No part of it may be said: it may have a password. */
export function notConnString(text: string): string | undefined {
  if (/^\s*["'`]/.test(text)) return `The connection string stands in quotes. Leave them out. ${FORM}`;
  if (/^\s*jdbc:/i.test(text)) {
    return `The connection string is one of JDBC. Leave out 'jdbc:', and put user and password before the host. ${FORM}`;
  }
  if (/^\s*postgres(ql)?\+\w+:/i.test(text)) {
    return `The connection string names a driver of another language. Leave out '+' and the driver's name. ${FORM}`;
  }
  if (/^\s*(host|hostaddr|port|dbname|user|password|service|sslmode)\s*=/i.test(text)) {
    return `The connection string is a list of keywords and values. ${FORM}`;
  }
  if (/^\s*[a-z]*:?\/\//i.test(text) && !/^\s*postgres(ql)?:\/\//i.test(text)) {
    return `The connection string is not for Postgres. ${FORM}`;
  }
  return undefined;
}

/**
 * Reads a connection string as libpq does, several hosts included. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 *
 * @param hasSsl whether TLS is said otherwise: what the string says of it does not count.
 * @throws InvalidOptionsError, without any part of the string.
 */
export function readConnString(given: unknown, hasSsl: boolean): Address {
  if (typeof given !== "string" || given.trim() === "") throw new InvalidOptionsError(`The connection string is empty. ${FORM}`);
  const text = given.trim();
  const fault = notConnString(text);
  if (fault !== undefined) throw new InvalidOptionsError(fault);
  if (/^(socket:|\/)/i.test(text)) return { urls: [readable(text)], name: "a socket" };
  const [, scheme, afterScheme] = /^(postgres(?:ql)?:\/\/)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || afterScheme === undefined) {
    throw new InvalidOptionsError(`The connection string is not for Postgres. ${FORM}`);
  }
  refuseUnescaped(afterScheme);
  const [, login = "", hostList = "", path = "", search = ""] =
    /^([^@/?]*@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/s.exec(afterScheme) ?? [];
  const parameters = new URLSearchParams(search);
  checkParameters(parameters);
  const hosts = hostsOf(hostList, parameters);
  for (const name of ["host", "port", "target_session_attrs", "load_balance_hosts"]) parameters.delete(name);
  if (hasSsl) for (const name of TLS_PARAMETERS) parameters.delete(name);
  const rest = parameters.size === 0 ? "" : `?${parameters}`;
  const [first, ...others] = hosts.map((host) => readable(`${scheme}${login}${host.inUrl}${path}${rest}`));
  return { urls: [first as string, ...others], name: hosts.map((host) => host.name).join(", ") };
}

const TLS_PARAMETERS = ["ssl", "sslmode", "sslcert", "sslkey", "sslrootcert", "uselibpqcompat"];

/** A URL would take the rest of such a password for a port, a path or a fragment, and look for a host of another name. */
function refuseUnescaped(afterScheme: string): void {
  const authority = /^[^/?#]*/.exec(afterScheme)?.[0] ?? "";
  const behind = afterScheme.slice(authority.length);
  const isCut = !authority.includes("@") && /^[/#][^?]*@|^\?[^=&]*@/.test(behind);
  if (isCut || afterScheme.includes("#") || authority.split("@").length > 2 || /%(?![\da-f]{2})/i.test(afterScheme)) {
    throw new InvalidOptionsError(
      `The connection string cannot be read. If the user or the password has a #, @, / ? or %, ${ENCODE}.`,
    );
  }
}

const SESSION_ATTRIBUTES = ["any", "read-write", "primary"];
const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"];

function checkParameters(parameters: URLSearchParams): void {
  const attribute = parameters.get("target_session_attrs");
  if (attribute !== null && !SESSION_ATTRIBUTES.includes(attribute)) {
    throw new InvalidOptionsError(
      "target_session_attrs must be any, read-write or primary: the saver writes, so it always looks for the server that lets it.",
    );
  }
  const mode = parameters.get("sslmode");
  if (mode !== null && !SSL_MODES.includes(mode)) {
    throw new InvalidOptionsError(`sslmode must be one of ${SSL_MODES.join(", ")}.`);
  }
}

interface Host {
  readonly inUrl: string;
  readonly name: string;
}

/** The hosts of the list before the path, or those of `?host=`; each with its port. */
function hostsOf(list: string, parameters: URLSearchParams): readonly Host[] {
  const given = parameters.get("host");
  const ports = (parameters.get("port") ?? "").split(",");
  const hosts = (given ?? list).split(",").map((text, n) => {
    const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(text) ?? [];
    const number = port || ports[ports.length === 1 ? 0 : n] || "5432";
    if (!/^\d{1,5}$/.test(number) || Number(number) < 1 || Number(number) > 65_535) {
      throw new InvalidOptionsError(
        `A port in the connection string is no number from 1 to 65535. If it is a part of the password, ${ENCODE}.`,
      );
    }
    return { host, number };
  });
  if (hosts.some(({ host }) => !/^(\[[\da-f:.]+(%25\w+)?\]|%2f[^/?#\s]*|\/[^?#]*|[\w.-]*)$/i.test(host))) {
    throw new InvalidOptionsError(`The connection string names something that is no host. ${FORM}`);
  }
  if (hosts.length > 1 && hosts.some(({ host }) => host === "")) {
    throw new InvalidOptionsError("A host is missing in the connection string's list of hosts.");
  }
  return hosts.map(({ host, number }) => ({
    inUrl: host.startsWith("/") ? `${encodeURIComponent(host)}:${number}` : `${host}:${number}`,
    name: `${host === "" ? "localhost" : decodeURIComponent(host)}:${number}`,
  }));
}

/** @throws InvalidOptionsError when `pg` cannot read it, or not the files that it names. */
function readable(url: string): string {
  try {
    new pg.Client({ connectionString: url });
    return url;
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    if (code === "ENOENT" || code === "EACCES") {
      throw new InvalidOptionsError("A file that the connection string names (sslrootcert, sslcert, sslkey) cannot be read.", {
        cause,
      });
    }
    throw new InvalidOptionsError(`The connection string cannot be read. ${FORM}`);
  }
}
