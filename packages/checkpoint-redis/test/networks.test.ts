import { networkTests } from "@holdfast/adapter-tests";
import { newStore } from "./redis-target.js";
import { openStore } from "./store-url.js";

networkTests({
  openStore: newStore,
  through: (proxy, url) => proxy.url(url),
  connect: openStore,
});
