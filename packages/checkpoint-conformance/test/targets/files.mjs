import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { MemorySaver } from "@langchain/langgraph";

/** A MemorySaver that begins each call with what is in a file, and ends it there. For one writer at a time. */
class FileSaver extends MemorySaver {
  constructor(file) {
    super();
    this.file = file;
  }

  load() {
    if (existsSync(this.file)) [this.storage, this.writes] = deserialize(readFileSync(this.file));
  }

  save() {
    writeFileSync(`${this.file}.new`, serialize([this.storage, this.writes]));
    renameSync(`${this.file}.new`, this.file);
  }

  async put(...args) {
    this.load();
    const config = await super.put(...args);
    this.save();
    return config;
  }

  async putWrites(...args) {
    this.load();
    await super.putWrites(...args);
    this.save();
  }

  async getTuple(config) {
    this.load();
    return super.getTuple(config);
  }

  async *list(...args) {
    this.load();
    yield* super.list(...args);
  }

  async deleteThread(threadId) {
    this.load();
    await super.deleteThread(threadId);
    this.save();
  }
}

/** With `store`, this is another process, which a case has started. */
export default (store) => {
  const folder = store ?? mkdtempSync(join(tmpdir(), "files-"));
  return {
    name: "a saver on files",
    open: async () => new FileSaver(join(folder, "threads")),
    close: async () => {},
    spawn: () => ({ module: import.meta.url, store: folder }),
    dispose: async () => rmSync(folder, { recursive: true }),
  };
};
