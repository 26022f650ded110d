/** A proxy that delays every round trip, and tells its port. */
import { startTcpProxy } from "@holdfast/test-servers";

const [host = "", port = "", delayMs = ""] = process.argv.slice(2);
const proxy = await startTcpProxy({ host, port: Number(port) });
proxy.delay(Number(delayMs));
process.send?.(proxy.port);
