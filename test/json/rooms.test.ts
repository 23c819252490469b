/** Several rooms in JSON mode: every line names its room, and what comes in may name the one that it is for. */
import { describe, expect, it, vi } from "vitest";
import { openChoice } from "../suites/faceRig.ts";
import type { FakeRoom } from "../suites/fakeRoom.ts";
import { startJson } from "./rig.ts";

const rooms = ["lab", "tea"].map((name) => ({ room: openChoice(name), joins: [] }));

async function startInTwo() {
  const rig = await startJson({ rooms });
  const [lab, tea] = rig.hub.entered as [FakeRoom, FakeRoom];
  return { ...rig, lab, tea };
}

describe("a line of output", () => {
  it("names its room, and ready names them all", async () => {
    const { objects, lab, tea, ask } = await startInTwo();
    await vi.waitFor(() => expect(objects()).toHaveLength(3));
    expect(objects()[0]).toMatchObject({
      room: { name: "lab", private: false },
      rooms: [
        { name: "lab", private: false },
        { name: "tea", private: false },
      ],
    });
    const bob = tea.addPeer("bob");
    tea.hear(bob, "in tea");
    lab.hear(lab.addPeer("eve"), "in lab");
    tea.play({ type: "stored", ids: [tea.kept()[0]?.id as never] });
    await ask({ type: "command", line: "/peers", room: "tea" });
    expect(
      objects()
        .slice(1)
        .map(({ type, code, room }) => `${code ?? type} ${room}`),
    ).toEqual([
      "alone lab",
      "alone tea",
      "peer tea",
      "message tea",
      "peer lab",
      "message lab",
      "stored tea",
      "peers tea",
    ]);
  });
});

describe("a line of input", () => {
  it("is for the room that it names, else for the one that is shown", async () => {
    const { ask, lab, tea } = await startInTwo();
    expect(await ask({ type: "say", text: "one", room: "tea" })).toMatchObject([{ type: "sent", room: "tea" }]);
    expect(await ask({ type: "say", text: "two", room: "#lab" })).toMatchObject([{ type: "sent", room: "lab" }]);
    expect(await ask({ type: "say", text: "three" })).toMatchObject([{ type: "sent", room: "lab" }]);
    expect(await ask({ type: "command", line: "/room", room: "tea" })).toMatchObject([
      { code: "room", room: "tea", data: { room: { name: "tea" } } },
    ]);
    expect(await ask({ type: "command", line: "/join tea" })).toMatchObject([{ code: "moved", room: "tea" }]);
    expect(await ask({ type: "say", text: "four" })).toMatchObject([{ type: "sent", room: "tea" }]);
    expect([lab, tea].map((room) => room.kept().map(({ text }) => text))).toEqual([
      ["two", "three"],
      ["one", "four"],
    ]);
  });

  it("that names another room, or none, is refused, and nothing is said", async () => {
    const { ask, lab, tea } = await startInTwo();
    expect(await ask({ type: "say", text: "x", room: "ops" })).toMatchObject([
      { type: "error", code: "unknown-room", data: { name: "ops" } },
    ]);
    expect(await ask({ type: "command", line: "/me x", room: "Lab" })).toMatchObject([{ code: "unknown-room" }]);
    for (const room of [1, null, ["lab"], {}])
      expect(await ask({ type: "say", text: "x", room })).toMatchObject([{ type: "error", code: "bad-input" }]);
    expect([...lab.kept(), ...tea.kept()]).toEqual([]);
  });
});

describe("who subscribes", () => {
  it("to some rooms is told of them alone, and all answers; to all, of everything again", async () => {
    const { ask, objects, lab, tea } = await startInTwo();
    await vi.waitFor(() => expect(objects()).toHaveLength(3));
    const bob = tea.addPeer("bob");
    const eve = lab.addPeer("eve");
    expect(await ask({ type: "subscribe", rooms: ["tea"] })).toMatchObject([{ code: "done" }]);
    lab.hear(eve, "unheard");
    tea.hear(bob, "heard");
    expect(await ask({ type: "say", text: "answered", room: "lab" })).toMatchObject([{ type: "sent", room: "lab" }]);
    expect(await ask({ type: "subscribe", rooms: ["ops"] })).toMatchObject([{ code: "unknown-room" }]);
    expect(await ask({ type: "subscribe", rooms: "tea" })).toMatchObject([{ code: "bad-input" }]);
    expect(await ask({ type: "subscribe" })).toMatchObject([{ code: "done" }]);
    lab.hear(eve, "heard again");
    await ask({ type: "command", line: "/room" });
    const texts = objects().flatMap(({ type, text }) => (type === "message" ? [text] : []));
    expect(texts).toEqual(["heard", "heard again"]);
  });
});

describe("what is kept of several rooms", () => {
  it("is told of each, and what comes meanwhile follows in its room", async () => {
    const { objects, lab, tea } = await startJson({ rooms, replayed: "all" }).then((rig) => {
      const [first, second] = rig.hub.entered as [FakeRoom, FakeRoom];
      return { ...rig, lab: first, tea: second };
    });
    tea.hear(tea.addPeer("bob"), "live");
    lab.hear(lab.addPeer("eve"), "live, too");
    await vi.waitFor(() => expect(objects().filter(({ type }) => type === "message")).toHaveLength(2));
    expect(
      objects()
        .flatMap(({ type, text, room }) => (type === "message" ? [`${room}: ${text}`] : []))
        .sort(),
    ).toEqual(["lab: live, too", "tea: live"]);
  });
});

describe("a room that is left", () => {
  it("has let out what was said in it, as far as somebody is there", async () => {
    // It gives up later than any machine is slow.
    const { ask, hub, session } = await startJson({ rooms, quitMsMax: 60_000 });
    const lab = hub.entered[0] as FakeRoom;
    lab.addPeer("bob");
    await ask({ type: "say", text: "the last word", room: "lab" });
    const left = session.line("/leave lab");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lab.isIn()).toBe(true);
    lab.acknowledge();
    await left;
    expect(lab.isIn()).toBe(false);
  });
});
