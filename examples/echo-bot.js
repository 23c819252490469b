// A bot that answers: `node examples/echo-bot.js 10.0.0.2` joins the room "lab" there and answers with what follows "!echo ".
import { openHub } from "smplchat";

const [address] = process.argv.slice(2);
const hub = await openHub({ nick: "echo", port: 0, discovery: address === undefined });
const room = await hub.enter("lab", { join: address === undefined ? [] : [address] });
process.once("SIGTERM", () => hub.close());
process.once("SIGINT", () => hub.close());
console.log(`echo listens on ${room.address()} in #${room.name}`);

// The loop ends when the hub is closed. What was said before the bot came is not answered again.
for await (const message of room.messages({ history: false })) {
  // What programs say is a notice, and an edit or a reaction asks nothing.
  if (message.own || message.kind !== "text") continue;
  const asked = /^!echo (.*)/s.exec(message.text);
  if (asked !== null) await room.reply(message, asked[1]);
}
