/** A session whose node has just started and knocks at remembered addresses: somebody may answer any moment. */
import { expect, it } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import type { Session } from "../../../src/chat/session/session.ts";
import { createFaceRig } from "../../suites/faceRig.ts";
import { createFakeHub } from "../../suites/fakeHub.ts";
import { createFakeRoom, type FakeRoom } from "../../suites/fakeRoom.ts";

async function setUp(): Promise<{ session: Session; room: FakeRoom; notices: () => string[] }> {
  const hub = createFakeHub({ first: createFakeRoom({ isSeeking: true }) });
  const { session, room } = await createFaceRig({ hub });
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  // The session begins its start in a microtask.
  await new Promise((done) => setImmediate(done));
  const notices = (): string[] =>
    events.flatMap((event) =>
      event.type === "chat" && event.event.type === "notice" ? [event.event.notice.code] : [],
    );
  return { session, room, notices };
}

it("does not call itself alone before the node does", async () => {
  const { room, notices } = await setUp();
  expect(notices()).toEqual([]);
  room.seek(false);
  room.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
  expect(notices()).toEqual(["alone"]);
});

it("waits for an answer with what was said when the input ends at once, and no longer than one may come", async () => {
  const { session, room } = await setUp();
  await session.line("is anyone there?");
  let settled = false;
  const waiting = session.settled(10_000).then(() => {
    settled = true;
  });
  await new Promise((done) => setTimeout(done, 60));
  expect(settled).toBe(false);
  room.seek(false);
  await waiting;
});
