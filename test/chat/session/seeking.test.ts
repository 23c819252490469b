/** A session whose node has just started and knocks at remembered addresses: somebody may answer any moment. */
import { expect, it } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { createSession, type Session } from "../../../src/chat/session/session.ts";
import { openRoom } from "../../../src/crypto/roomKeys.ts";
import { type Settings, settingNames, settingSpec } from "../../../src/settings.ts";
import { createFakeNode, type FakeNode } from "../../suites/fakeNode.ts";

const settings = Object.fromEntries(
  settingNames.map((name) => [name, settingSpec(name).default]),
) as unknown as Settings;

async function setUp(): Promise<{ session: Session; node: FakeNode; notices: () => string[] }> {
  const node = createFakeNode({ isSeeking: true });
  const session = await createSession({
    room: { name: "smplchat", secret: openRoom("smplchat"), private: false },
    nick: "anna",
    joins: [],
    settings,
    open: async () => node,
    quitMsMax: 100,
  });
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  // The session begins its start in a microtask.
  await new Promise((done) => setImmediate(done));
  const notices = (): string[] =>
    events.flatMap((event) =>
      event.type === "chat" && event.event.type === "notice" ? [event.event.notice.code] : [],
    );
  return { session, node, notices };
}

it("does not call itself alone before the node does", async () => {
  const { node, notices } = await setUp();
  expect(notices()).toEqual([]);
  node.seek(false);
  node.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
  expect(notices()).toEqual(["alone"]);
});

it("waits for an answer with what was said when the input ends at once, and no longer than one may come", async () => {
  const { session, node } = await setUp();
  await session.line("is anyone there?");
  let settled = false;
  const waiting = session.settled(10_000).then(() => {
    settled = true;
  });
  await new Promise((done) => setTimeout(done, 60));
  expect(settled).toBe(false);
  node.seek(false);
  await waiting;
});
