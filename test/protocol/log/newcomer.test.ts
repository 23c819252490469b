/** Arriving: history newest first, shown oldest first, told when it is complete, and never waited for without end. */
import { describe, expect, it } from "vitest";
import { createWorld, gather, notices, shown, type TestNode, told, type World } from "../fixtures.ts";

/** A room with one node that has said `count` messages. */
function talker(world: World, count: number): TestNode {
  const node = world.node("alice");
  for (let index = 0; index < count; index += 1) node.say(`message ${index}`);
  return node;
}

const texts = (node: TestNode): string[] => shown(node).map((message) => message.text);
const inOrder = (count: number): string[] => Array.from({ length: count }, (_, index) => `message ${index}`);

describe("a newcomer", () => {
  it("is shown all history in order, each once, as history, and is told when it is complete", () => {
    const world = createWorld();
    const alice = talker(world, 200);
    const bob = world.node("bob");
    bob.join(alice);
    world.until("history to be there", () => notices(bob, "history-synced").length === 1, 5_000);
    expect(texts(bob)).toEqual(inOrder(200));
    expect(shown(bob).every((message) => message.history)).toBe(true);
    expect(notices(bob, "history-synced")[0]).toMatchObject({ messages: 200, peer: { nick: "alice" } });
    const order = bob.events.map((event) => (event.type === "notice" ? event.notice.code : event.type));
    expect(order.lastIndexOf("message")).toBeLessThan(order.indexOf("history-synced"));
    expect(order.lastIndexOf("ordered")).toBeLessThan(order.indexOf("history-synced"));
  });

  it("gets the newest page first", () => {
    const world = createWorld();
    const alice = talker(world, 2_000);
    const bob = world.node("bob");
    bob.join(alice);
    const first = (): string[] => told(bob).map(({ text }) => text);
    world.until("a page", () => first().length >= 30, 5_000);
    expect(first().slice(0, 30).toSorted()).toEqual(inOrder(2_000).slice(-30).toSorted());
  });

  it("is told with the first probes in an empty room", () => {
    const world = createWorld();
    const bob = world.node("bob");
    bob.join(world.node("alice"));
    world.run(3_000);
    expect(notices(bob, "history-synced")).toMatchObject([{ messages: 0 }]);
  });

  it("sees its own words at once, though history is still to come", () => {
    const world = createWorld();
    const alice = talker(world, 1_000);
    const bob = world.node("bob");
    bob.join(alice);
    world.until("the first messages", () => bob.core.stats().messages > 10, 5_000);
    bob.say("hello");
    expect(texts(bob)).toEqual(["hello"]);
    world.until("history to be there", () => notices(bob, "history-synced").length === 1, 5_000);
    expect(texts(bob)).toEqual(["hello", ...inOrder(1_000)]);
  });

  it("is shown what is there after three seconds without progress, when its peer dies in the middle", () => {
    const world = createWorld();
    const alice = talker(world, 2_000);
    const bob = world.node("bob");
    bob.join(alice);
    world.until("the first messages", () => bob.core.stats().messages > 10, 5_000);
    alice.crash();
    expect(texts(bob)).toEqual([]);
    world.run(40_000);
    expect(texts(bob)).toHaveLength(bob.core.stats().messages);
    expect(bob.core.logState().held).toBe(0);
    expect(notices(bob, "history-synced")).toEqual([]);
  });

  it("that keeps fewer messages than the room is told as well, and goes on as any other", () => {
    const world = createWorld();
    const alice = talker(world, 500);
    const bob = world.node("bob", { maxMessages: 50 });
    bob.join(alice);
    world.run(8_000);
    expect(bob.texts()).toEqual(inOrder(500).slice(-50));
    expect(texts(bob).slice(-50)).toEqual(inOrder(500).slice(-50));
    expect(notices(bob, "history-synced")).toHaveLength(1);
  });

  it("takes what is said live while it arrives for live", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    bob.say("live");
    world.run(1_000);
    expect(shown(alice)).toMatchObject([{ text: "live", history: false, own: false }]);
    expect(shown(bob)).toMatchObject([{ text: "live", history: false, own: true }]);
  });
});
