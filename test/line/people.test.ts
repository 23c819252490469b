/** Line mode: who is verified has a mark behind the name, and what ignored people say is not there. */
import { expect, it } from "vitest";
import type { SessionEvent } from "../../src/chat/model/events.ts";
import { nobodyKnown, type Trust } from "../../src/chat/model/trust.ts";
import { clockText } from "../../src/chat/model/wording.ts";
import { createTranscript } from "../../src/line/transcript.ts";
import { createFakeRoom, fakePeer } from "../suites/fakeRoom.ts";

const noon = clockText(Date.UTC(2026, 0, 31, 12, 0, 1));
const [bob, eve] = [fakePeer("bob", 2), fakePeer("eve", 3)];

function setUp() {
  let trust: Trust = nobodyKnown;
  const room = createFakeRoom();
  const transcript = createTranscript(new Date(2026, 0, 31), undefined, () => trust);
  const lines: string[] = [];
  const take = (event: SessionEvent) => lines.push(...transcript.linesOf(event, "smplchat"));
  room.subscribe((event) => take({ type: "chat", event }));
  const believe = (more: Partial<Trust>) => {
    trust = { ...trust, ...more };
  };
  return { room, lines, believe };
}

it("the mark stands behind the name, and nobody has it by the nick", () => {
  const { room, lines, believe } = setUp();
  believe({ verified: new Set([bob.id]) });
  room.hear(bob, "hi");
  room.hear(bob, "waves", { kind: "action" });
  room.hear(fakePeer("eve✓", 3), "hi");
  room.hear(fakePeer("bob✔", 4), "hi");
  expect(lines).toEqual([`${noon} <bob✓> hi`, `${noon} * bob✓ waves`, `${noon} <eve> hi`, `${noon} <bob·t004> hi`]);
});

it("what ignored people say and do is not told, and not quoted; after that it is", () => {
  const { room, lines, believe } = setUp();
  believe({ ignored: new Set([eve.id]) });
  const { id: tea } = room.hear(bob, "tea?");
  const { id: spam } = room.hear(eve, "buy this");
  room.hear(eve, "👎", { kind: "react", target: tea });
  room.hear(bob, "stop it", { kind: "reply", target: spam });
  believe({ ignored: new Set() });
  room.hear(eve, "sorry");
  expect(lines).toEqual([
    `${noon} <bob> tea?`,
    `${noon} bob, to a message that is not shown here: stop it`,
    `${noon} <eve> sorry`,
  ]);
});
