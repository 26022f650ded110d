import { say } from "./conversation.mjs";

// What the turn is about is its argument, and what came of it is all that this prints.
void say(JSON.parse(process.argv.at(-1))).then((turn) => console.log(JSON.stringify(turn)));
