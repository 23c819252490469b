/** Answers whose questions are not here yet: how long they are held back, and what does not count as waiting. */
import { describe, expect, it } from "vitest";
import type { SignedMessage } from "../../../src/crypto/signed.ts";
import type { Config } from "../../../src/protocol/config.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, gather, shown, type TestNode, type World } from "../fixtures.ts";
import { answering, type Puppet } from "../puppet.ts";

const carrying = ({ bytes }: Pick<SignedMessage, "bytes">): Frame => ({ type: "message", bytes });
const textsShown = (node: TestNode): string[] => shown(node).map(({ text }) => text);

type Room = { world: World; bob: TestNode; carol: TestNode; mallory: Puppet };

/** mallory tells each node by itself, and tells nothing else. */
function room(config: Partial<Config> = {}): Room {
  const world = createWorld();
  const [bob, carol] = gather(world, ["bob", "carol"], config) as [TestNode, TestNode];
  const mallory = answering(world, "mallory", 200);
  for (const node of [bob, carol]) mallory.prove(node);
  world.run(3_000);
  for (const node of [bob, carol]) node.events.length = 0;
  return { world, bob, carol, mallory };
}

/** One names the other, each a little later. */
function chain({ world, mallory }: Room, ...texts: string[]): SignedMessage[] {
  const said: SignedMessage[] = [];
  for (const text of texts) {
    const before = said.at(-1);
    said.push(mallory.message({ text, ...(before === undefined ? {} : { parents: [before.id] }) }));
    world.run(10);
  }
  return said;
}

describe("an answer that came before its question", () => {
  it("waits on after a standstill: what could have come meanwhile has still to be read", () => {
    const of = room();
    const { world, carol, mallory, bob } = of;
    bob.crash();
    const [question, answer, reply] = chain(of, "question", "answer", "reply") as [
      SignedMessage,
      SignedMessage,
      SignedMessage,
    ];
    mallory.tell(carol, [carrying(answer), carrying(reply)]);
    world.run(5_000);
    carol.suspend();
    world.run(20_000);
    carol.resume();
    world.run(3_000);
    expect(textsShown(carol)).toEqual([]);
    mallory.tell(carol, [carrying(question)]);
    expect(textsShown(carol)).toEqual(["question", "answer", "reply"]);
  });

  it("waits for whom is gone, who had the question and may come back with it", () => {
    const of = room();
    const { world, bob, carol, mallory } = of;
    const [question, answer] = chain(of, "question", "answer") as [SignedMessage, SignedMessage];
    world.lose = ({ to }) => to === carol.endpoint;
    mallory.tell(bob, [carrying(question), carrying(answer)]);
    world.run(500);
    bob.say("reply");
    const reply = bob.store.kept.get(bob.core.ids().at(-1) ?? question.id) as Uint8Array;
    bob.crash();
    world.run(500);
    world.lose = () => false;
    mallory.tell(carol, [carrying(answer), carrying({ bytes: reply })]);
    world.run(60_000);
    expect(textsShown(carol)).toEqual([]);
    bob.restart();
    world.until("carol to show the reply", () => textsShown(carol).includes("reply"), 60_000);
    expect(textsShown(carol)).toEqual(["question", "answer", "reply"]);
  });

  it("waits though a peer holds the same: another one may have the question, and be about to bring it", () => {
    const of = room({ maxMessages: 2 });
    const { world, bob, carol, mallory } = of;
    const [question, answer] = chain(of, "question", "answer") as [SignedMessage, SignedMessage];
    const newer = mallory.message({ text: "newer" });
    for (const node of [bob, carol]) mallory.tell(node, [carrying(answer), carrying(newer)]);
    world.run(5_000);
    // All have let the question go, as far as these two can tell.
    expect(bob.core.logState().fingerprint).toBe(carol.core.logState().fingerprint);
    expect(textsShown(carol)).toEqual(["newer"]);
    expect(question.id < answer.id).toBe(true);
    world.until("carol to show the answer", () => textsShown(carol).includes("answer"), 15_000);
  });
});
