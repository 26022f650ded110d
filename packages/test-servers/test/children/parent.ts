// Is killed by its test while its own child stands still. TypeScript on purpose: it runs this package's sources.
import { spawnNode } from "@holdfast/test-servers";

const script: string | undefined = process.argv[2];
if (script === undefined) throw new Error("give the script of the child");
const child = await spawnNode(script);
await child.nextMessage((message) => message === "ready");
await child.stop();
process.send?.(child.pid);
