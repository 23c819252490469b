/** `/log` and `/show` as a person reads their answers. */
import { expect, it } from "vitest";
import { replyText } from "../../../src/chat/model/replies.ts";
import { createFaceRig } from "../../suites/faceRig.ts";

it("a log lists fifty messages unless told otherwise and says how many more there are", async () => {
  const { session, room } = await createFaceRig();
  const bob = room.addPeer("bob");
  for (let at = 0; at < 60; at++) room.hear(bob, `message ${at}`);
  let answered = "";
  session.subscribe((event) => {
    if (event.type === "reply") answered = replyText(event.reply);
  });
  const answer = async (typed: string) => {
    await session.line(typed);
    return answered.split("\n");
  };
  const all = await answer("/log");
  expect([all.length, all[0], all.at(-1)?.slice(13)]).toEqual([51, "… 10 more: /log 60", "<bob> message 59"]);
  const few = await answer("/log 3");
  expect([few.length, few[0]]).toEqual([4, "… 57 more: /log 30"]);
  expect(await answer("/log 100")).toHaveLength(60);
  const { id } = room.hear(bob, "one\ntwo");
  expect((await answer(`/show ${id.slice(-6).toUpperCase()}`)).slice(1)).toEqual(["one", "two"]);
});
