/** A model that takes its worker with it. */
export default {
  bindTools() {
    return this;
  },
  invoke() {
    console.error("I cannot go on.");
    process.exit(3);
  },
};
