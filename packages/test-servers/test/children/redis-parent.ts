// Is killed by its test while its servers run and one of them stands still.
import { startRedis } from "@holdfast/test-servers";

const servers = await Promise.all([startRedis({ private: true }), startRedis({ private: true, appendOnly: true })]);
await servers[1].pause();
process.send?.(servers.map(({ pid }) => pid));
