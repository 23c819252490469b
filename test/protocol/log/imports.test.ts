/** Messages that somebody brings in a file: they are taken as those of peers are, and reach the peers. */
import { describe, expect, it } from "vitest";
import { type SignedMessage, signMessage } from "../../../src/crypto/signed.ts";
import type { Imported } from "../../../src/protocol/api.ts";
import { defaultConfig } from "../../../src/protocol/config.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { type Said, unsigned } from "../../suites/said.ts";
import { createWorld, gather, outcomeOf, roomKeys, shown, storedIds, type TestNode, told, WALL } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const bodiesOf = (node: TestNode): Uint8Array[] => node.core.ids().map((id) => node.store.kept.get(id) as Uint8Array);

/** With the node's own key, by another program. */
const signedBy = (node: TestNode, said: Said): SignedMessage => signMessage(roomKeys, node.identity, unsigned(said));

function importInto(node: TestNode, messages: readonly Uint8Array[]): Imported {
  const outcome = outcomeOf(node.command({ type: "import", messages }));
  if (!outcome.isDone || outcome.imported === undefined) throw new Error("not imported");
  return outcome.imported;
}

describe("what two nodes said that never met", () => {
  it("becomes one log by what is carried over, and nothing comes twice", () => {
    const world = createWorld();
    const [anna, bob] = [world.node("anna"), world.node("bob")];
    for (const n of [1, 2, 3]) anna.say(`anna ${n}`);
    world.run(100);
    for (const n of [1, 2]) bob.say(`bob ${n}`);
    expect(importInto(bob, bodiesOf(anna)).fates).toEqual(["added", "added", "added"]);
    expect(importInto(anna, bodiesOf(bob)).fates.toSorted()).toEqual(["added", "added", "known", "known", "known"]);
    expect(anna.core.ids()).toEqual(bob.core.ids());
    expect(importInto(anna, bodiesOf(bob)).fates).toEqual(Array(5).fill("known"));
    expect(
      told(bob)
        .filter(({ own }) => !own)
        .map(({ history }) => history),
    ).toEqual([true, true, true]);
    expect(shown(bob).map(({ text }) => text)).toEqual(["bob 1", "bob 2", "anna 1", "anna 2", "anna 3"]);
  });

  it("reaches the peers of whoever takes it in when logs are compared", () => {
    const world = createWorld();
    const [, bob, carol] = gather(world, ["anna", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    const stranger = world.node("dan");
    for (let n = 1; n <= 20; n += 1) stranger.say(`dan ${n}`);
    importInto(bob, bodiesOf(stranger));
    world.until("carol to have what dan said", () => carol.texts().length === 20, 30_000);
    expect(carol.texts()).toEqual(stranger.texts());
  });
});

describe("a message of this node's own key", () => {
  it("that it does not know raises the number of its next one, now and after a restart", () => {
    const world = createWorld();
    const node = world.node("anna");
    const ahead = signedBy(node, { seq: WALL + 500_000, hlc: WALL - 1_000, text: "said elsewhere" });
    node.say("one");
    expect(importInto(node, [ahead.bytes]).fates).toEqual(["added"]);
    node.say("two");
    node.restart();
    node.say("three");
    const numbers = node.log().map(({ seq }) => seq);
    expect(new Set(numbers).size).toBe(4);
    expect(node.log().find(({ text }) => text === "two")?.seq).toBe(WALL + 500_001);
    expect(node.log().find(({ text }) => text === "three")?.seq).toBe(WALL + 500_002);
    expect(node.events.filter((event) => event.type === "notice" && event.notice.code === "forked-author")).toEqual([]);
  });

  it("from a peer raises it as well", () => {
    const world = createWorld();
    const [node, peer] = gather(world, ["anna", "bob"]) as [TestNode, TestNode];
    const ahead = signedBy(node, { seq: WALL + 900_000, hlc: WALL, text: "said elsewhere" });
    importInto(peer, [ahead.bytes]);
    world.until("anna to have it", () => node.texts().includes("said elsewhere"), 30_000);
    node.say("next");
    expect(node.log().find(({ text }) => text === "next")?.seq).toBe(WALL + 900_001);
  });

  it("with a number that nobody can have counted to uses up none", () => {
    const world = createWorld();
    const node = world.node("anna");
    const last = signedBy(node, { seq: Number.MAX_SAFE_INTEGER, hlc: WALL, text: "the last" });
    expect(importInto(node, [last.bytes]).fates).toEqual(["added"]);
    node.say("one");
    node.say("two");
    expect(node.texts()).toEqual(expect.arrayContaining(["one", "two"]));
  });
});

describe("what is brought", () => {
  const setUp = (config = {}) => {
    const world = createWorld();
    return { world, node: world.node("anna", config), puppet: createPuppet(world, "mallory") };
  };

  it("is refused where it is forged, impossible or from another room, each with its reason, and the rest is taken", () => {
    const { node, puppet } = setUp();
    const good = puppet.message({ hlc: WALL, text: "good" });
    const forged = Uint8Array.from(good.bytes);
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    const changed = Uint8Array.from(good.bytes);
    changed[37] = (changed[37] as number) ^ 1;
    const backwards = puppet.message({ seq: 9, hlc: WALL - 1_000, parents: [good.id], text: "backwards" });
    const later = puppet.message({ seq: 10, hlc: WALL + limits.clockAheadMs + 1_000, text: "from the future" });
    const { fates } = importInto(node, [
      forged,
      changed,
      new Uint8Array(3),
      backwards.bytes,
      later.bytes,
      good.bytes,
      good.bytes,
      forged,
    ]);
    expect(fates).toEqual([
      "bad-signature",
      "bad-signature",
      "bad-message",
      "bad-order",
      "ahead",
      "added",
      "known",
      "bad-signature",
    ]);
    expect(node.texts()).toEqual(["good"]);
  });

  it("is kept as the room keeps: older ones than it keeps are not taken, and what has to go for new ones is counted", () => {
    const { node, puppet } = setUp({ ...defaultConfig, maxMessages: 3 });
    let parents: MessageId[] = [];
    const messages = Array.from({ length: 5 }, (_, at) => {
      const message = puppet.message({ seq: at, hlc: WALL - 5_000 + at, parents, text: `${at}` });
      parents = [message.id];
      return message.bytes;
    });
    expect(importInto(node, messages.slice(1))).toEqual({ fates: ["added", "added", "added", "added"], letGo: 1 });
    expect(importInto(node, messages.slice(0, 2))).toEqual({ fates: ["let-go", "let-go"], letGo: 0 });
    expect(node.texts()).toEqual(["2", "3", "4"]);
  });

  it("outlives a power cut once the store has confirmed it, as an own message does, and is called stored only if it is one", () => {
    const { node, puppet } = setUp();
    const effects = node.command({ type: "import", messages: [puppet.message({ hlc: WALL, text: "hi" }).bytes] });
    expect(effects.flatMap((effect) => (effect.type === "append" ? [effect.isOwn] : []))).toEqual([true]);
    expect(storedIds(node)).toEqual([]);
    expect(node.core.unstored()).toBe(0);
  });

  it("waits for the store, and says so while it does", () => {
    const { node, puppet } = setUp();
    node.store.isHeld = true;
    node.command({ type: "import", messages: [puppet.message({ hlc: WALL, text: "hi" }).bytes] });
    expect(node.core.unstored()).toBe(1);
    node.answerStore(9);
    expect(node.core.unstored()).toBe(0);
  });

  it("can be taken in after the room was left, and is there when it is entered again", () => {
    const { node, puppet } = setUp();
    node.command({ type: "leave" });
    expect(importInto(node, [puppet.message({ hlc: WALL, text: "hi" }).bytes]).fates).toEqual(["added"]);
  });
});
