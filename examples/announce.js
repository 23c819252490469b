// A script that says one line and ends: `node examples/announce.js 10.0.0.2 "the build is done"`. It prints who has it, and exits
// with 3 if nobody has.
import { openHub, SmplchatError } from "smplchat";

const [address = "127.0.0.1", text = "hello"] = process.argv.slice(2);
const hub = await openHub({ nick: "announcer", port: 0, discovery: false });
try {
  const room = await hub.enter("lab");
  if (!(await room.join(address))) console.error(`no answer from ${address}`);
  const { delivery } = await room.say(text);
  const { reached, of, lacking } = await delivery;
  console.log(`reached ${reached} of ${of}${lacking.length === 0 ? "" : `, not yet ${lacking.join(", ")}`}`);
  process.exitCode = reached > 0 ? 0 : 3;
} catch (error) {
  if (!(error instanceof SmplchatError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await hub.close();
}
