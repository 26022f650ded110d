import { deserialize, serialize } from "node:v8";
import { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** Requests between two halves: so many that what others do meanwhile falls between them, also on a busy machine. */
const BETWEEN_HALVES = 1_000;

/** The reference saver as another process has it: the store is in the process that started this one. */
class RemoteSaver extends BaseCheckpointSaver {
  constructor(url) {
    super();
    this.url = url;
  }

  async ask(method, ...args) {
    const response = await fetch(this.url, { method: "POST", body: serialize({ method, args }) });
    const { result, message, code } = deserialize(Buffer.from(await response.arrayBuffer()));
    if (message !== undefined) throw Object.assign(new Error(message), { code });
    return result;
  }

  setup() {
    return this.ask("setup");
  }

  put(...args) {
    return this.ask("put", ...args);
  }

  putWrites(...args) {
    return this.ask("putWrites", ...args);
  }

  getTuple(config) {
    return this.ask("getTuple", config);
  }

  async *list(...args) {
    yield* await this.ask("list", ...args);
  }

  deleteThread(threadId) {
    return this.ask("deleteThread", threadId);
  }
}

/** Savers that are broken, each in a way that shows only where there are several processes. */
const faulty = {
  /** Sends what it has acknowledged along with the next call. */
  acknowledgesTooEarly: class extends RemoteSaver {
    waiting = [];

    async ask(...question) {
      for (const each of this.waiting.splice(0)) await super.ask(...each);
      return super.ask(...question);
    }

    async put(config, checkpoint, ...rest) {
      this.waiting.push(["put", config, checkpoint, ...rest]);
      return { configurable: { ...config.configurable, checkpoint_id: checkpoint.id } };
    }
  },
  /** Stores a checkpoint first, and its values later. */
  putsInHalves: class extends RemoteSaver {
    async put(config, checkpoint, ...rest) {
      await super.put(config, { ...checkpoint, channel_values: {} }, ...rest);
      for (let n = 0; n < BETWEEN_HALVES; n += 1) await this.getTuple(config);
      return super.put(config, checkpoint, ...rest);
    }
  },
  /** Stores the writes of a batch one by one. */
  writesOneByOne: class extends RemoteSaver {
    async putWrites(config, writes, ...rest) {
      await super.putWrites(config, writes.slice(0, 1), ...rest);
      for (let n = 0; n < BETWEEN_HALVES; n += 1) await this.getTuple(config);
      await super.putWrites(config, writes, ...rest);
    }
  },
  /** Takes what it has read for what there is. */
  readsFromItsCache: class extends RemoteSaver {
    read = new Map();

    async getTuple(config) {
      const key = JSON.stringify(config);
      const tuple = this.read.get(key) ?? (await super.getTuple(config));
      this.read.set(key, tuple);
      return tuple;
    }
  },
  /** Reads a thread, adds to it and writes it back, as one file for each thread would be used. */
  writesThreadsBack: class extends RemoteSaver {
    async put(config, checkpoint, ...rest) {
      const thread = config.configurable.thread_id;
      const before = await this.ask("rowsOf", thread);
      const result = await super.put(config, checkpoint, ...rest);
      const after = await this.ask("rowsOf", thread);
      const own = [...after].filter(([, { id }]) => id === checkpoint.id);
      await this.ask("setRows", thread, new Map([...before, ...own]));
      return result;
    }
  },
  /** Looks whether the store is there, and creates it if not. */
  createsWhatMayBeThere: class extends RemoteSaver {
    async setup() {
      if (await this.ask("isSetUp")) return;
      for (let n = 0; n < BETWEEN_HALVES; n += 1) await this.ask("isSetUp");
      await this.ask("create");
    }
  },
};

export default ({ url, fault }) => {
  const Saver = fault === undefined ? RemoteSaver : faulty[fault];
  return {
    name: fault ?? "the reference saver",
    open: async () => new Saver(url),
    close: async () => {},
    lifecycle: { setup: (saver) => saver.setup() },
  };
};
