// Answers every message, prints what it was started with, and leaves when told so.
process.stdout.write(`args ${process.argv.slice(2).join(" ")} env ${process.env.HOLDFAST_TEST_GREETING}\n`);
process.stderr.write("a warning\n");
process.on("message", (message) => {
  if (message === "exit") {
    process.send("last words");
    process.disconnect();
    process.exitCode = 3;
  } else {
    process.send({ echo: message });
  }
});
process.send("ready");
