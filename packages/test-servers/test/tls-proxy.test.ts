import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { startTlsProxy, TEST_CERTIFICATE } from "../src/index.js";
import { afterAll, beforeAll, expect, it } from "vitest";

let echo: Server;

beforeAll(async () => {
  echo = createServer((client) => client.pipe(client)).listen(0, "127.0.0.1");
  await once(echo, "listening");
});
afterAll(() => echo.close());

for (const asksFirst of [false, true]) {
  it(`speaks TLS with its certificate, ${asksFirst ? "once it was asked" : "at once"}, and passes on what it hears`, async () => {
    const { port } = echo.address() as AddressInfo;
    const proxy = await startTlsProxy({ host: "127.0.0.1", port, asksFirst });
    const socket = connect(proxy.port, proxy.host);
    if (asksFirst) {
      socket.write(Buffer.alloc(8));
      expect(String((await once(socket, "data"))[0])).toBe("S");
    }
    const secure = connectSecurely({ socket, ca: TEST_CERTIFICATE, servername: "localhost" });
    secure.write("said");
    expect(String((await once(secure, "data"))[0])).toBe("said");
    secure.destroy();
    await proxy.stop();
  });
}
