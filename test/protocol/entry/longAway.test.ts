/**
 * Long away, while thousands of messages were said and half of the peers left for good and others came. `AWAY_MESSAGES=20000
 * AWAY_HOURS=168 npx vitest run test/protocol/entry/longAway.test.ts` plays a week of a busy room. After a quarter of an hour
 * the others have forgotten the one who is away: more hours change nothing but the time that it takes to play them.
 */
import { describe, expect, it } from "vitest";
import { signMessage } from "../../../src/crypto/signed.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { unsigned } from "../../suites/said.ts";
import { createWorld, fingerprint, gather, identityOf, notices, roomKeys, type TestNode, WALL } from "../fixtures.ts";

const MESSAGES = Number(process.env.AWAY_MESSAGES ?? 2_000);
const AWAY_MS = Number(process.env.AWAY_HOURS ?? 0.5) * 3_600_000;
const BATCH = 100;
const LIMIT_MS = 3_600_000;

/** By four people, in turn, over the week. */
function talk(): Uint8Array[] {
  const people = ["p0", "p1", "p2", "p3"].map(identityOf);
  let before: MessageId[] = [];
  return Array.from({ length: MESSAGES }, (_, at) => {
    const content = unsigned({
      nick: `p${at % 4}`,
      text: `line ${at}`,
      seq: WALL + at,
      hlc: WALL + 60_000 + Math.floor((at * (AWAY_MS / 2)) / MESSAGES),
      parents: before,
    });
    const message = signMessage(roomKeys, people[at % 4] as (typeof people)[number], content);
    before = [message.id];
    return message.bytes;
  });
}

describe("long away", () => {
  it("while thousands of messages were said and half of the peers were replaced: nothing is missing, one line says so", {
    timeout: LIMIT_MS,
  }, () => {
    const world = createWorld();
    const config = { maxMessages: 2 * MESSAGES };
    const nodes = gather(world, ["away", "bob", "carol", "dan", "eve"], config);
    const [away, bob, carol, dan, eve] = nodes as [TestNode, TestNode, TestNode, TestNode, TestNode];
    for (const node of nodes) node.command({ type: "network", endpoints: [node.endpoint] });
    away.say("see you next week");
    world.run(5_000);
    away.suspend();
    world.run(AWAY_MS / 2);
    const said = talk();
    for (let from = 0; from < said.length; from += BATCH)
      bob.command({ type: "import", messages: said.slice(from, from + BATCH) });
    world.until("all to be with carol", () => fingerprint(carol) === fingerprint(bob), 120_000);
    for (const node of [dan, eve]) node.crash();
    const newcomers = ["fred", "gina"].map((name) => world.node(name, config));
    for (const node of newcomers) node.join(carol);
    world.until(
      "all to be with the newcomers",
      () => newcomers.every((node) => fingerprint(node) === fingerprint(bob)),
      120_000,
    );
    world.run(AWAY_MS / 2);
    away.events.length = 0;
    away.resume();
    world.until("the log to be one", () => fingerprint(away) === fingerprint(bob), 120_000);
    world.run(30_000);
    expect(away.core.stats().messages).toBe(MESSAGES + 1);
    // Where it takes longer than ten seconds, a first line says that there is more to come.
    const told = notices(away, "back");
    expect(told.at(-1)).toMatchObject({ messages: MESSAGES, missing: 0, complete: true });
    expect(told.length).toBeLessThanOrEqual(2);
    expect(away.core.stats().peers).toBe(4);
  });
});
