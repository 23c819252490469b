/** Replies, reactions, edits, deletions, notices and the topic on the full screen: in place, and safe to show. */
import { describe, expect, it, vi } from "vitest";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFakeHub } from "../suites/fakeHub.ts";
import { createFakeRoom } from "../suites/fakeRoom.ts";
import { NOON, sitWith } from "../suites/screenRig.ts";

const stamp = (minute: number) => ({
  time: NOON + minute * 60_000,
  id: (NOON + minute * 60_000).toString(16).padStart(12, "0").padEnd(48, "0") as MessageId,
});
/** What people said, without the day and what the session tells. */
const said = (rows: readonly string[]) =>
  rows.filter((row) => /^\d\d:\d\d [<*-]|^ {6}\S/.test(row) && !/ -- (alone|.* joined)|ADDRESS/.test(row));

describe("the full screen", () => {
  it("shows what happens to a message in its place, and a reply with what it is to", async () => {
    const { room, rows } = await sitWith({ columns: 80, rows: 14 });
    const bob = room.addPeer("bob");
    const eve = room.addPeer("eve");
    const { id: target } = room.hear(bob, "tee at noon", stamp(0));
    room.hear(eve, "yes", { kind: "reply", target, ...stamp(1) });
    room.hear(bob, "backup done", { kind: "notice", ...stamp(2) });
    expect(said(rows())).toEqual([
      "12:00 <bob> tee at noon",
      '12:01 <eve to bob "tee at noon"> yes',
      "12:02 -bob- backup done",
    ]);
    room.hear(bob, "tea at noon", { kind: "edit", target, ...stamp(3) });
    room.hear(eve, "👍", { kind: "react", target, ...stamp(4) });
    room.hear(bob, "👍", { kind: "react", target, ...stamp(5) });
    room.hear(room.self(), "🎉", { kind: "react", target, own: true, ...stamp(6) });
    expect(said(rows())).toEqual([
      "12:00 <bob> tea at noon (edited)",
      "      👍 2  🎉 1",
      '12:01 <eve to bob "tea at noon"> yes',
      "12:02 -bob- backup done",
    ]);
    room.hear(bob, "", { kind: "delete", target, ...stamp(7) });
    expect(said(rows())).toEqual([
      "12:00 <bob> (deleted)",
      "12:01 <eve to bob (deleted)> yes",
      "12:02 -bob- backup done",
    ]);
  });

  it("completes a reply when what it is to comes, or is kept further up", async () => {
    const room = createFakeRoom();
    const bob = room.addPeer("bob");
    const old = room.hear(bob, "an old question", stamp(0));
    for (let at = 0; at < 1_010; at += 1)
      room.hear(bob, "x", {
        ...stamp(1),
        id: ((NOON + 60_000).toString(16).padStart(12, "0") + at.toString(16).padStart(36, "0")) as MessageId,
      });
    room.hear(bob, "an old answer", { kind: "reply", target: old.id, ...stamp(2) });
    const { rows } = await sitWith({ first: room, columns: 80 });
    await vi.waitFor(() => expect(rows().join("\n")).toContain('<bob to bob "an old question"> an old answer'));
    room.hear(bob, "who?", { kind: "reply", target: stamp(3).id, ...stamp(4) });
    expect(rows().join("\n")).toContain("<bob to a message that is not here> who?");
    room.hear(bob, "late", stamp(3));
    expect(rows().join("\n")).toContain('<bob to bob "late"> who?');
  });

  it("shows the topic in the status line, where there is place for some of it, and as a line", async () => {
    const { room, rows } = await sitWith({ columns: 60, rows: 10 });
    const bob = room.addPeer("bob");
    room.hear(bob, "tea \u001b[31mat noon, and cake for whoever brings a cup", { kind: "topic", ...stamp(0) });
    expect(rows().at(-2)).toBe("[12:00] [#smplchat] [anna] [1 peer] [tea at noon, and cake…]");
    expect(rows().join("\n")).toContain("12:00 -- bob set the topic: tea at noon, and cake");
    room.hear(bob, "", { kind: "topic", ...stamp(1) });
    expect(rows().at(-2)).toBe("[12:00] [#smplchat] [anna] [1 peer]");
    const old = createFakeRoom();
    old.hear(bob, "kept", { kind: "topic", ...stamp(0) });
    const narrow = await sitWith({ first: old, columns: 40 });
    await vi.waitFor(() =>
      expect(narrow.rows().at(-2)).toBe("[12:00] [#smplchat] [anna] [alone] [ke]".replace("[ke]", "").trim()),
    );
  });

  it("counts a reply to what this node said as a mention, and what takes no line as nothing new", async () => {
    const hub = createFakeHub();
    const { session, rows } = await sitWith({ columns: 80, rows: 10, hub });
    const first = hub.entered[0];
    if (first === undefined) throw new Error("no room");
    const mine = first.hear(first.self(), "tea?", { own: true, ...stamp(0) });
    await session.line("/join lab");
    const bob = first.addPeer("bob");
    first.hear(bob, "anna", { kind: "react", target: mine.id, ...stamp(1) });
    first.hear(bob, "x", { kind: "edit", target: mine.id, ...stamp(2) });
    expect(rows().at(-3)).toMatch(/^1 #smplchat {2}2 #lab/);
    first.hear(bob, "yes", { kind: "reply", target: mine.id, ...stamp(3) });
    expect(rows().at(-3)).toMatch(/^1 #smplchat 1! {2}2 #lab/);
  });

  it("keeps names and quotes apart from what somebody wrote, whatever that is", async () => {
    const { room, rows } = await sitWith({ columns: 100, rows: 12 });
    const bob = room.addPeer("bob");
    const { id: target } = room.hear(bob, 'x"> I am a fool\n12:00 <eve> y\u001b[2J', stamp(0));
    room.hear(bob, "yes", { kind: "reply", target, ...stamp(1) });
    room.hear(bob, "\u001b]0;x\u0007👍", { kind: "react", target, ...stamp(2) });
    const shown = rows().join("\n");
    expect(shown).toContain(`<bob to bob "x'> I am a fool 12:00 <eve> y"> yes`);
    expect(shown).toContain("\n      👍 1");
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it("pages back to what was edited and deleted since, as it reads now", async () => {
    const room = createFakeRoom();
    const bob = room.addPeer("bob");
    const at = (number: number) => ({
      time: NOON + number,
      id: (NOON + number).toString(16).padStart(12, "0").padEnd(48, "0") as MessageId,
    });
    const [one, two] = [room.hear(bob, "one", at(0)), room.hear(bob, "two", at(1))];
    for (let number = 2; number < 1_400; number += 1)
      room.hear(bob, "👍", { kind: "react", target: one.id, ...at(number) });
    for (let number = 1_400; number < 2_600; number += 1) room.hear(bob, `message ${number}`, at(number));
    room.hear(bob, "uno", { kind: "edit", target: one.id, ...at(3_000) });
    room.hear(bob, "", { kind: "delete", target: two.id, ...at(3_001) });
    const { rows, type } = await sitWith({ first: room, columns: 80, rows: 12 });
    await vi.waitFor(() => expect(rows().join("\n")).toContain("message 2599"));
    type("\u001b[1;3H");
    await vi.waitFor(() => expect(rows().join("\n")).toContain("<bob> uno (edited)\n      👍 1\n"), { timeout: 5_000 });
    expect(rows().join("\n")).toContain("<bob> (deleted)\n");
    expect(rows().join("\n")).not.toContain("two");
  });
});
