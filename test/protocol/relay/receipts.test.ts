/** Receipts where much is lost: they may take a while, and then they are exact; at no time do they claim too much. */
import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import type { Member } from "../../../src/protocol/membership/roster.ts";
import { type Delegation, newDelegation, sum, type Task, takeReceipt } from "../../../src/protocol/relay/delegation.ts";
import { WHOLE } from "../../../src/protocol/relay/rankOrder.ts";
import { below } from "../../../src/protocol/rng.ts";
import type { BootId, MessageId, PeerId } from "../../../src/wire/ids.ts";
import { createWorld, gather, identityOf, names, type TestNode } from "../fixtures.ts";

type Delivery = Extract<ChatEvent, { type: "delivery" }>;

const HOSTS = 20;
const MESSAGES = 20;
/** Whoever has it all says so with every ping: after two rounds of the room nobody is left of whom that is not known. */
const SETTLE_MS = 60_000;

function lastReceipt(author: TestNode, id: MessageId): Delivery | undefined {
  return author.events.findLast((event): event is Delivery => event.type === "delivery" && event.id === id);
}

describe.each([
  { fanout: undefined, seeds: [1, 2, 9, 17] },
  // Slices of slices, given to several: where what is counted twice would show.
  { fanout: 2, seeds: [101, 103, 105, 112] },
  { fanout: 4, seeds: [108] },
  { fanout: 1, seeds: [103] },
])("twenty nodes that lose 30 % of all datagrams, at fanout $fanout,", ({ fanout, seeds }) => {
  it.each(seeds)("learn of each message that all others have it (seed %i)", (seed) => {
    const expected = { reached: HOSTS - 1, of: HOSTS - 1, lacking: [] };
    for (const receipt of receipts(seed, fanout, false)) expect(receipt).toMatchObject(expected);
  });

  it.each(seeds)("learn of each message that all others but the one that died have it (seed %i)", (seed) => {
    const expected = { reached: HOSTS - 2, of: HOSTS - 1, lacking: ["n13"] };
    for (const receipt of receipts(seed, fanout, true)) expect(receipt).toMatchObject(expected);
  });
});

describe("twenty nodes that lost 30 % of all datagrams until now", () => {
  it("name who is gone as soon as ever, for all the tries that chance would call for", () => {
    const world = createWorld({ delayMs: 5 });
    const nodes = gather(world, names(HOSTS));
    world.lose = () => below(world.rng, 10) < 3;
    world.run(120_000);
    world.lose = () => false;
    const [author, victim] = [nodes[4], nodes[13]] as [TestNode, TestNode];
    victim.crash();
    author.say("who is here?");
    const id = author.log().findLast((message) => message.own)?.id as MessageId;
    const isNamed = (): boolean => lastReceipt(author, id)?.lacking.join() === "n13";
    // Six tries (TRIES_LEAST) of two round trips and 30 ms (RTO).
    world.until("the one that is gone to be named", isNamed, 6 * (2 * 10 + 30) + 50);
    expect(lastReceipt(author, id)).toMatchObject({ reached: HOSTS - 2, of: HOSTS - 1 });
  });
});

describe("a slice of which a delegate says how many have the message", () => {
  const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map((name) => identityOf(name).id) as PeerId[];
  const peers = [alice, bob, carol].map((id) => ({ id }) as Member);
  const given = (): Delegation => newDelegation({ slice: { order: 0, ...WHOLE }, peers });
  const taskOf = (delegation: Delegation): Task => ({
    id: "00".repeat(24) as MessageId,
    number: 0,
    slice: { order: 0, ...WHOLE },
    giver: undefined,
    delegations: [delegation],
    isLate: false,
    since: 0,
    reported: 0,
  });
  const fronts = (...of: (PeerId | undefined)[]): string[] => of.map((id) => id?.slice(0, 16) ?? "");
  const count = (delegation: Delegation, holders: (PeerId | undefined)[], gone?: PeerId) =>
    sum(taskOf(delegation), {
      self: dave as PeerId,
      author: dave,
      holders: new Set(holders as PeerId[]),
      isHere: (peer) => peer !== gone,
    });

  it("counts for more when one it lacked is heard of", () => {
    const delegation = given();
    takeReceipt(delegation, { reached: 2, of: 3, lacking: fronts(carol) }, alice);
    expect(count(delegation, [alice])).toEqual({ reached: 3, of: 4, lacking: fronts(carol) });
    expect(count(delegation, [alice, carol])).toEqual({ reached: 4, of: 4, lacking: [] });
  });

  it("counts nobody twice where more are named than are lacking", () => {
    const delegation = given();
    takeReceipt(delegation, { reached: 2, of: 3, lacking: fronts(bob, carol) }, alice);
    expect(count(delegation, [alice, bob])).toEqual({ reached: 3, of: 4, lacking: fronts(carol) });
  });

  it("counts nobody twice where perhaps more are named than fit in a receipt", () => {
    const five = ["a", "b", "c", "d", "e"].map((name) => identityOf(name).id);
    const many = five.map((id) => ({ id }) as Member);
    const delegation = newDelegation({ slice: { order: 0, ...WHOLE }, peers: many });
    takeReceipt(delegation, { reached: 4, of: 5, lacking: fronts(...five.slice(0, 4)) }, five[0]);
    expect(count(delegation, five.slice(0, 4))).toMatchObject({ reached: 5, of: 6 });
    expect(count(delegation, five)).toEqual({ reached: 6, of: 6, lacking: [] });
  });

  it("does not count whom only the delegate knew, until this node knows of them", () => {
    const delegation = given();
    takeReceipt(delegation, { reached: 3, of: 4, lacking: fronts(carol) }, alice);
    expect(count(delegation, [alice])).toEqual({ reached: 3, of: 4, lacking: fronts(carol) });
    const stranger = identityOf("erin").id;
    expect(count(delegation, [alice, stranger])).toEqual({ reached: 4, of: 5, lacking: fronts(carol) });
  });

  it("does not count this node twice, where its own rank is in the only branch", () => {
    const counted = (giver: BootId | undefined, holders: PeerId[]) => {
      const delegation = given();
      takeReceipt(delegation, { reached: 3, of: 3, lacking: [] }, alice);
      const knowledge = {
        self: dave as PeerId,
        author: identityOf("erin").id,
        holders: new Set(holders),
        isHere: () => true,
      };
      return sum({ ...taskOf(delegation), giver }, knowledge);
    };
    const giver = "01".repeat(8) as BootId;
    // Of the three that the delegate knows of one may be this node.
    expect(counted(giver, [alice as PeerId])).toEqual({ reached: 3, of: 4, lacking: [] });
    expect(counted(giver, [alice, bob, carol] as PeerId[])).toEqual({ reached: 4, of: 4, lacking: [] });
    expect(counted(undefined, [alice as PeerId]), "an author is in nobody's slice").toEqual({
      reached: 4,
      of: 4,
      lacking: [],
    });
  });

  it("lacks one that went before anyone heard that it has it", () => {
    expect(count(given(), [alice, bob])).toEqual({ reached: 3, of: 4, lacking: [] });
    expect(count(given(), [alice, bob], carol)).toEqual({ reached: 3, of: 4, lacking: fronts(carol) });
  });

  it("is believed where it was given before, too, and waited for where it is now", () => {
    const delegation = { ...given(), delegate: 1 };
    expect(takeReceipt(delegation, { reached: 2, of: 3, lacking: [] }, alice)).toBe(true);
    expect(delegation).toMatchObject({ state: "sent", reached: 2 });
    expect(takeReceipt(delegation, { reached: 1, of: 3, lacking: [] }, bob)).toBe(true);
    expect(delegation).toMatchObject({ state: "reported", reached: 2 });
  });
});

// --- internal ---

/** The last receipt of each message, when all has settled; on the way none claims that the dead one has it. */
function receipts(seed: number, fanout: number | undefined, isOneKilled: boolean): (Delivery | undefined)[] {
  const world = createWorld({ seed, delayMs: 5 });
  const nodes = gather(world, names(HOSTS), fanout === undefined ? {} : { fanout });
  world.lose = () => below(world.rng, 10) < 3;
  world.run(5_000);
  if (isOneKilled) nodes[13]?.crash();
  const said: { author: TestNode; id: MessageId }[] = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    const author = nodes[(index * 7) % 13] as TestNode;
    author.say(`message ${index}`);
    const own = author.log().findLast((message) => message.own);
    if (own !== undefined) said.push({ author, id: own.id });
    world.run(100);
  }
  world.run(SETTLE_MS);
  expect(said).toHaveLength(MESSAGES);
  return said.map(({ author, id }) => lastReceipt(author, id));
}
