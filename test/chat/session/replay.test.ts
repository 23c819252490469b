/** What is kept of a room is told when it is entered: whole, once, and before what comes from others meanwhile. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { RoomHandle } from "../../../src/node/types.ts";
import { StoreError } from "../../../src/store/store.ts";
import { createFaceRig, type FaceRig, type FaceRigOptions } from "../../suites/faceRig.ts";
import { createFakeHub } from "../../suites/fakeHub.ts";
import { createFakeRoom, type FakeRoom, fakePeer } from "../../suites/fakeRoom.ts";

/** A room in which `count` messages are kept, and a rig in it. */
async function kept(count: number, options: FaceRigOptions): Promise<FaceRig> {
  const first = createFakeRoom();
  for (let n = 1; n <= count; n += 1) first.hear(bob, `kept ${n}`);
  return createFaceRig({ hub: createFakeHub({ first }), ...options });
}

const bob = fakePeer("bob", 2);

function listen({ session }: FaceRig, ready?: () => Promise<void>): { events: SessionEvent[]; told: () => string[] } {
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event), ready);
  const told = (): string[] =>
    events.flatMap((event) => {
      if (event.type === "earlier") return [`${event.messages} earlier`];
      if (event.type !== "chat" || event.event.type !== "message") return [];
      const { text, history } = event.event.message;
      return [history ? `${text}, history` : text];
    });
  return { events, told };
}

const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 2_000, interval: 2 });

describe("what is kept of the first room", () => {
  it("is told as history, oldest first, and what came before anybody listened follows it", async () => {
    const rig = await kept(3, { replayed: "all" });
    rig.room.hear(bob, "new");
    const { told } = listen(rig);
    await soon(() => expect(told()).toEqual(["kept 1, history", "kept 2, history", "kept 3, history", "new"]));
  });

  it("is told as far as it is wanted, with how much more there is", async () => {
    const rig = await kept(5, { replayed: 2 });
    const { events, told } = listen(rig);
    await soon(() => expect(told()).toEqual(["3 earlier", "kept 4, history", "kept 5, history"]));
    const earlier = events.find(({ type }) => type === "earlier") as SessionEvent;
    expect(sentenceFor(earlier, "tea")?.text).toBe("3 earlier messages kept here: /log lists the newest");
  });

  it("says of own messages how far they got, as far as that is known", async () => {
    const first = createFakeRoom();
    const own = (text: string) => first.hear(first.self(), text, { own: true });
    const [waits, got] = [own("one"), own("two")];
    own("three");
    first.play({ type: "delivery", id: waits.id, reached: 0, of: 0, lacking: [] });
    first.play({ type: "delivery", id: got.id, reached: 2, of: 3, lacking: [] });
    const { events, told } = listen(await createFaceRig({ hub: createFakeHub({ first }), replayed: "all" }));
    await soon(() => expect(told()).toHaveLength(3));
    const marks = events.flatMap((event) =>
      event.type === "chat" && event.event.type === "delivery" ? [[event.event.id, event.event.reached]] : [],
    );
    expect(marks).toEqual([
      [waits.id, 0],
      [got.id, 2],
    ]);
  });

  it("is not told to a face that reads it by itself", async () => {
    const rig = await kept(2, {});
    const { told } = listen(rig);
    rig.room.hear(bob, "new");
    expect(told()).toEqual(["new"]);
  });

  it("holds back what others say and what is typed until the reader has taken it; who comes and goes is told", async () => {
    const rig = await kept(2, { replayed: "all" });
    let go: () => void = () => undefined;
    const { events, told } = listen(rig, () => new Promise((resolve) => (go = resolve)));
    const said = rig.session.line("typed");
    rig.room.addPeer("eve");
    rig.room.hear(bob, "heard meanwhile");
    await new Promise((done) => setImmediate(done));
    expect(told()).toEqual([]);
    expect(events.some((event) => event.type === "chat" && event.event.type === "peer")).toBe(true);
    go();
    expect(await said).toBe("done");
    expect(told()).toEqual(["kept 1, history", "kept 2, history", "heard meanwhile", "typed"]);
  });

  it("that cannot be read is told as such, and the chat goes on", async () => {
    const rig = await kept(2, { replayed: "all", hub: createFakeHub({ first: broken() }) });
    const { events, told } = listen(rig);
    expect(await rig.session.line("hi")).toBe("done");
    const refusal = { code: "cannot-read", reason: "failed", detail: "EIO" };
    expect(events).toContainEqual({ type: "refusal", refusal });
    expect(told()).toEqual(["hi"]);
  });

  it("does not keep a session open that nobody listens to, or whose reader has stopped", async () => {
    const unheard = await kept(2, { replayed: "all" });
    await unheard.session.close();
    const rig = await kept(2, { replayed: "all" });
    listen(rig, () => new Promise(() => undefined));
    await rig.session.close();
    expect([unheard.hub.closed(), rig.hub.closed()]).toEqual([true, true]);
  });
});

it("of another room is told when it is entered, and not again when it is shown again", async () => {
  const rig = await kept(0, { replayed: "all" });
  const { told } = listen(rig);
  const enter = rig.hub.enter;
  vi.spyOn(rig.hub, "enter").mockImplementation(async (...args): Promise<RoomHandle> => {
    const room = (await enter(...args)) as FakeRoom;
    if (room.kept().length === 0) room.hear(bob, "kept there");
    return room;
  });
  await rig.session.line("/join #other");
  await rig.session.line("/join #smplchat");
  await rig.session.line("/join #other");
  expect(told().filter((text) => text === "kept there, history")).toHaveLength(1);
});

function broken(): FakeRoom {
  const room = createFakeRoom();
  room.breakHistory(new StoreError({ code: "failed", detail: "EIO" }));
  return room;
}

describe("the end of the input", () => {
  it("waits until all that is kept is told, however slow its reader is", async () => {
    const rig = await kept(3, { replayed: "all" });
    let go: (() => void) | undefined;
    const { told } = listen(rig, () => new Promise((ready) => (go ??= ready)));
    let isSettled = false;
    const settled = rig.session.settled(60_000).then(() => {
      isSettled = true;
    });
    await soon(() => expect(go).toBeDefined());
    await new Promise((resolve) => setImmediate(resolve));
    expect([isSettled, told()]).toEqual([false, []]);
    go?.();
    await settled;
    expect(told()).toEqual(["kept 1, history", "kept 2, history", "kept 3, history"]);
  });
});
