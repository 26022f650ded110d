import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { freePort } from "./free-port.js";

export interface TlsProxy {
  readonly host: string;
  readonly port: number;
  /** Connections that clients have open now. */
  readonly connections: number;
  stop(): Promise<void>;
}

export interface TlsProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Whether clients first ask for TLS, as those of PostgreSQL do. */
  readonly asksFirst: boolean;
}

/** What a client of PostgreSQL asks before it begins with TLS. */
const SSL_REQUEST_BYTES = 8;

/** In front of a server: it speaks TLS with {@link TEST_CERTIFICATE}, which signed itself, and has the name `localhost` only. */
export async function startTlsProxy({ host, port, asksFirst }: TlsProxyOptions): Promise<TlsProxy> {
  const secureContext = createSecureContext({ cert: TEST_CERTIFICATE, key: KEY });
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("close", () => open.delete(client)).on("error", () => {});
    void serve(client).catch(() => client.destroy());
  });
  async function serve(client: Socket): Promise<void> {
    if (asksFirst) {
      let asked = 0;
      while (asked < SSL_REQUEST_BYTES) {
        await once(client, "readable");
        asked += (client.read(SSL_REQUEST_BYTES - asked) as Buffer | null)?.length ?? 0;
      }
      client.write("S");
    }
    const secure = new TLSSocket(client, { isServer: true, secureContext });
    const target = connect(port, host);
    for (const [from, to] of [
      [secure, target],
      [target, secure],
    ] as const) {
      from.on("error", () => to.destroy()).on("close", () => to.destroy());
      from.pipe(to);
    }
  }
  const ownPort = await freePort();
  server.listen(ownPort, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: ownPort,
    get connections() {
      return open.size;
    },
    async stop() {
      for (const client of open) client.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Nobody relies on it: it is here for everybody to read. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTkV9FBQXwGUAMFWQ
VEr6TYYhmkjGE4SkujjoDw4WHUChRANCAASXLpg+9RdVCk1XDmqXaSM0q9Q8dcCb
gAA89sldPie1DRZcf9angjqil+H7GGOsgt6LxAdkX2G4gnk/U79DIRj2
-----END PRIVATE KEY-----`;

/** Valid for a hundred years. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUUF24mCSWtcIRRmmJpKdexS+pyDowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTEwMTUxNloYDzIxMjYxMTA1
MTAxNTE2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASXLpg+9RdVCk1XDmqXaSM0q9Q8dcCbgAA89sldPie1DRZcf9angjqi
l+H7GGOsgt6LxAdkX2G4gnk/U79DIRj2o2kwZzAdBgNVHQ4EFgQURWLgzpcOZACw
IFutRDMT3VJtoyAwHwYDVR0jBBgwFoAURWLgzpcOZACwIFutRDMT3VJtoyAwFAYD
VR0RBA0wC4IJbG9jYWxob3N0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
RwAwRAIgQNm2+3S7TK0y6jOOjeMJ/8zoM1vejT7nwPr7ZFce2x4CIBT2/x5HmWlh
MoTWrkVMosrKfSdHT7Pw4WqvR+VMu48q
-----END CERTIFICATE-----`;
