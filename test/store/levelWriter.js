// A process that writes messages one after another, two writes at a time, and says which are confirmed, until it is killed.
import { createDatabase, openLevel, roomStore } from "../../dist/store/level.js";

const [path, from] = process.argv.slice(2);
const store = roomStore(createDatabase(path, await openLevel(path), openLevel), new Uint8Array(32).fill(7));
let next = Number(from);

function write() {
  const n = next;
  next += 1;
  const message = { id: n.toString(16).padStart(48, "0"), bytes: new Uint8Array(20).fill(n & 255) };
  store.append([message], n % 7 === 0, (trouble) => {
    if (trouble !== undefined) throw new Error(trouble.detail);
    process.stdout.write(`${n}\n`);
    write();
  });
}

write();
write();
