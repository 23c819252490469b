// A process of its own in many rooms, on the built program: does what its parent asks, and says what came of it.
import { openRoom } from "../../dist/crypto/roomKeys.js";
import { openHub } from "../../dist/node/hub.js";

const [nick, dataDir, ...names] = process.argv.slice(2);
const hub = await openHub({ nick, dataDir, port: 0, discovery: false });
const before = { sockets: countOf("UDPWrap"), timers: countOf("Timeout") };
/** By name: the room, the texts and the changes of peers that were told of it. BOUNDED: by the test. */
const rooms = new Map();
for (const name of names) {
  const room = await hub.enter({ name, secret: openRoom(name), private: false });
  const told = { texts: [], changes: [] };
  room.subscribe((event) => {
    if (event.type === "message") told.texts.push(event.message.text);
    if (event.type === "peer") told.changes.push(event.status);
  });
  rooms.set(name, { room, told });
}

process.on("message", async ({ number, ask, name, text, endpoint }) => {
  const { room } = rooms.get(name) ?? {};
  let answer;
  if (ask === "join") answer = await room.run({ type: "join", endpoints: [endpoint] });
  if (ask === "say") answer = await room.run({ type: "say", text, kind: "text" });
  if (ask === "leave") {
    await room.close();
    rooms.delete(name);
  }
  if (ask === "facts") answer = facts();
  if (ask === "close") await hub.close();
  process.send({ number, answer });
  if (ask === "close") process.disconnect();
});
process.send({ port: Number(hub.rooms()[0].address().split(":").at(-1)) });

// --- internal ---

function facts() {
  return {
    rooms: [...rooms].map(([name, { room, told }]) => ({ name, ...told, peers: room.stats().peers })),
    moreSockets: countOf("UDPWrap") - before.sockets,
    moreTimers: countOf("Timeout") - before.timers,
  };
}

function countOf(type) {
  return process.getActiveResourcesInfo().filter((one) => one === type).length;
}
