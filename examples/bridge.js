// Two rooms of one process: `node examples/bridge.js 10.0.0.2 lab hall` carries what is said in the one to the other, both ways.
import { openHub } from "smplchat";

const [address = "127.0.0.1", ...names] = process.argv.slice(2);
const hub = await openHub({ nick: "bridge", port: 0, discovery: false });
process.once("SIGTERM", () => hub.close());
process.once("SIGINT", () => hub.close());
/** What is about another message means nothing in a room that does not have it. */
const carried = ["text", "action", "notice"];
const rooms = await Promise.all(names.map((name) => hub.enter(name, { join: address })));

for (const room of rooms) {
  room.on("message", (message) => {
    if (message.own || message.history || !carried.includes(message.kind)) return;
    for (const other of rooms)
      if (other !== room) other.say(`[${room.name}] ${message.author.nick}: ${message.text}`).catch(console.error);
  });
}
console.log(`the bridge listens on ${rooms[0].address()} in ${rooms.map(({ name }) => `#${name}`).join(" and ")}`);
