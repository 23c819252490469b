#!/usr/bin/env node
// A LAN's end on a host, moved from outside: node lanHost.js, in a namespace. Broadcasts each line of hex that comes on stdin
// and prints one JSON object per line: {"heard": hex, "from": endpoint}, {"blocked": {...}}, and {"ready": true} first.
import { createInterface } from "node:readline";
import { openMulticast } from "../../dist/net/multicast.js";

const lan = await openMulticast();
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
lan.onBroadcast((bytes, from) => print({ heard: Buffer.from(bytes).toString("hex"), from }));
lan.onBlocked((blocked) => print({ blocked }));
print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) lan.broadcast(Buffer.from(line, "hex"));
await lan.close();
