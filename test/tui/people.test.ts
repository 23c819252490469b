/** The full screen: marks of those who were verified, and nothing of those who are ignored. */
import { expect, it } from "vitest";
import { keyWords } from "../../src/chat/model/keyWords.ts";
import { sitWith } from "../suites/screenRig.ts";

it("a mark stands behind the name of who was verified, on what was said before, too", async () => {
  const { room, session, rows } = await sitWith({ rows: 14, columns: 100 });
  const bob = room.addPeer("bob");
  room.hear(bob, "tea?");
  expect(rows().join("\n")).toContain("<bob> tea?");
  await session.line(`/verify bob ${keyWords(bob.id)}`);
  expect(rows().join("\n")).toContain("<bob✓> tea?");
  expect(rows().join("\n")).toContain("-- bob✓ joined");
});

it("what ignored people say is not there, calls nobody, counts as nothing unread, and comes back", async () => {
  const { room, hub, session, rows } = await sitWith({ rows: 14, columns: 100 });
  const bob = room.addPeer("bob");
  room.hear(bob, "before");
  await session.line("/ignore bob");
  room.hear(bob, "while ignored");
  expect(rows().join("\n")).not.toMatch(/<bob>/);
  await session.line("/join lab");
  expect(hub.entered).toHaveLength(2);
  room.hear(bob, "anna, look here");
  expect(rows().find((row) => row.startsWith("1 #smplchat"))).toMatch(/^1 #smplchat {2}2 #lab/);
  await session.line("/unignore bob");
  await session.line("/join #smplchat");
  for (const text of ["before", "while ignored", "anna, look here"])
    expect(rows().join("\n")).toContain(`<bob> ${text}`);
});
