/** The key of a private room is in the answer to `/invite`, and in no other line. */
import { expect, it } from "vitest";
import { encodeInvite } from "../../src/crypto/invite.ts";
import { newPrivateRoom } from "../../src/crypto/roomKeys.ts";
import { startJson } from "./rig.ts";

it.each(["the room of the start", "a room entered later"])("of %s", async (which) => {
  const secret = newPrivateRoom();
  const den = { name: "den", private: true, secret };
  const invite = encodeInvite({ ...den, endpoints: [] });
  const { ask, lines, objects } = await startJson(which === "the room of the start" ? { room: den } : {});
  for (const line of [
    `/join ${invite}`,
    "/room",
    "/set",
    "/set ROOM",
    "/stats",
    "/peers",
    "/help",
    "/join #lab",
    `/join ${invite}`,
  ])
    await ask({ type: "command", line });
  const key = Buffer.from(secret.key);
  const forms = [invite, ...(["hex", "base64", "base64url"] as const).map((form) => key.toString(form))];
  const isTold = (line: string): boolean => forms.some((form) => line.includes(form));
  expect(lines().filter(isTold)).toEqual([]);
  expect(objects().some(({ type }) => type === "error")).toBe(false);
  expect(JSON.stringify(await ask({ type: "command", line: "/invite" }))).toContain(invite);
});
