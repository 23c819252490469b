/** Replies, reactions, edits, deletions and topics as programs say and hear them. */
import { describe, expect, it, vi } from "vitest";
import { type Line, startJson } from "./rig.ts";

const messages = (lines: readonly Line[]) => lines.filter(({ type }) => type === "message");

describe("a program", () => {
  it("says what is about a message, with its id, and is told of it like of any own message", async () => {
    const { room, ask, objects } = await startJson();
    const bob = room.addPeer("bob");
    const { id: target } = room.hear(bob, "tea?");
    const [{ id: own } = {} as Line] = await ask({ type: "say", text: "mine" });
    const cases = [
      [
        { kind: "reply", target, text: "yes" },
        { kind: "reply", target, text: "yes" },
      ],
      [
        { kind: "react", target, text: "👍" },
        { kind: "react", target, text: "👍" },
      ],
      [
        { kind: "react", target, text: "" },
        { kind: "react", target, text: "" },
      ],
      [
        { kind: "edit", target: own, text: "ours" },
        { kind: "edit", target: own, text: "ours" },
      ],
      [
        { kind: "delete", target: own },
        { kind: "delete", target: own, text: "" },
      ],
      [
        { kind: "topic", text: "tea" },
        { kind: "topic", text: "tea" },
      ],
      [
        { kind: "notice", text: "done" },
        { kind: "notice", text: "done" },
      ],
    ] as const;
    for (const [said, heard] of cases) {
      const [answer] = await ask({ type: "say", ...said });
      const line = messages(objects()).at(-1) as Line;
      expect(answer).toMatchObject({ type: "sent", id: line.id });
      expect(line).toMatchObject({ ...heard, own: true });
      if (!("target" in heard)) expect(line).not.toHaveProperty("target");
    }
  });

  it("says it by commands, too", async () => {
    const { room, ask, objects } = await startJson();
    const { id: target } = room.hear(room.addPeer("bob"), "tea?");
    expect(await ask({ type: "command", line: "/react 1 👍" })).toMatchObject([{ type: "sent" }]);
    expect(messages(objects()).at(-1)).toMatchObject({ kind: "react", target, text: "👍" });
    expect(await ask({ type: "command", line: "/topic tea" })).toMatchObject([{ type: "sent" }]);
    expect(await ask({ type: "command", line: "/topic" })).toMatchObject([
      { type: "notice", code: "topic", data: { topic: "tea", author: { nick: "anna" } } },
    ]);
  });

  it.each([
    [{ kind: "song", text: "x" }, "bad-kind", { kind: "song" }],
    [{ kind: "unknown", text: "x" }, "bad-kind", { kind: "unknown" }],
    [{ kind: "react", text: "x" }, "bad-target", { reason: "missing", kind: "react" }],
    [{ kind: "react", text: "x", target: "0".repeat(47) }, "bad-target", { reason: "form", kind: "react" }],
    [{ kind: "topic", text: "x", target: "0".repeat(48) }, "bad-target", { reason: "unneeded", kind: "topic" }],
    [{ kind: "edit", text: "x", target: "f".repeat(48) }, "unknown-message", { id: "f".repeat(48) }],
    [{ kind: "edit", text: "x", target: `${"0".repeat(47)}1` }, "not-yours", { nick: "bob" }],
  ])("that says %j is told %s", async (said, code, data) => {
    const { room, ask } = await startJson();
    room.hear(room.addPeer("bob"), "hi");
    const answers = await ask({ type: "say", ...said });
    expect(answers).toMatchObject([{ type: "error", code, data }]);
    expect(room.kept()).toHaveLength(1);
  });

  it("reads what is kept as it reads now: edited is marked, and deleted has no text", async () => {
    const { room, ask } = await startJson();
    const bob = room.addPeer("bob");
    const [one, two] = [room.hear(bob, "one"), room.hear(bob, "two")];
    room.hear(bob, "uno", { kind: "edit", target: one.id });
    room.hear(bob, "dos", { kind: "edit", target: two.id });
    room.hear(bob, "", { kind: "delete", target: two.id });
    const [{ messages: page } = {} as Line] = await ask({ type: "history" });
    const told = (page as Line[]).map(({ kind, text, edited, deleted, target }) => ({
      kind,
      text,
      edited,
      deleted,
      target,
    }));
    expect(told).toEqual([
      { kind: "text", text: "uno", edited: true },
      { kind: "text", text: "", deleted: true },
      { kind: "edit", text: "uno", target: one.id },
      { kind: "edit", text: "", deleted: true, target: two.id },
      { kind: "delete", text: "", target: two.id },
    ]);
    expect(await ask({ type: "search", text: "dos" })).toMatchObject([{ messages: [] }]);
    expect(await ask({ type: "search", text: "uno" })).toMatchObject([{ messages: [{ id: one.id, edited: true }] }]);
    const [{ ids } = {} as Line] = await ask({ type: "command", line: "/log" });
    expect(ids).toHaveLength(5);
  });

  it("that starts gets what is kept in the same way", async () => {
    const { hub, room } = await startJson();
    const bob = room.addPeer("bob");
    const secret = room.hear(bob, "secret");
    room.hear(bob, "", { kind: "delete", target: secret.id });
    const { objects } = await startJson({ hub, replayed: "all" });
    await vi.waitFor(() => expect(messages(objects())).toHaveLength(2));
    expect(messages(objects())[0]).toMatchObject({ id: secret.id, text: "", deleted: true, history: true });
  });
});
