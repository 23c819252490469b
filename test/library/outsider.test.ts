/**
 * Somebody on the same network who has every datagram that two nodes ever sent each other, and not the room's key. Real
 * sockets on this host.
 */
import { createSocket, Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bootKey, createRoomKeys, open } from "../../src/crypto/roomKeys.ts";
import { type Hub, newRoom, openHub, type Room } from "../../src/index.ts";
import { decodeHeader } from "../../src/wire/datagram.ts";
import type { BootId } from "../../src/wire/ids.ts";

const SECRET_TEXT = "the keys are under the mat";
const room = newRoom("cellar");

let directory: string;
let captured: Buffer[];
let outsider: Socket;
let heardByOutsider: number;
const hubs: Hub[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "smplchat-outsider-"));
  captured = [];
  const send = Socket.prototype.send as (...args: unknown[]) => void;
  vi.spyOn(Socket.prototype, "send").mockImplementation(function capture(this: Socket, ...args: unknown[]) {
    if (this !== outsider) captured.push(Buffer.from(args[0] as Uint8Array));
    send.apply(this, args);
  } as Socket["send"]);
  outsider = createSocket("udp4");
  heardByOutsider = 0;
  outsider.on("message", () => {
    heardByOutsider += 1;
  });
  outsider.bind(0, "127.0.0.9");
  await once(outsider, "listening");
});
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  outsider.close();
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

async function enter(nick: string): Promise<Room> {
  const hub = await openHub({ nick, port: 0, discovery: false, dataDir: join(directory, nick) });
  hubs.push(hub);
  return hub.enter(room);
}
function portOf(of: Room): number {
  return Number(of.address().split(":").at(-1));
}
/** Everything that was captured, to this node; resolves when the node has read it. */
async function replayTo(of: Room): Promise<void> {
  const before = of.stats().datagramsIn;
  const bytes = [...captured];
  for (const each of bytes) {
    await new Promise((resolve) => outsider.send(each, portOf(of), "127.0.0.1", resolve));
  }
  await vi.waitFor(() => expect(of.stats().datagramsIn).toBeGreaterThanOrEqual(before + bytes.length), {
    timeout: 10_000,
  });
}
async function twoThatTalked(): Promise<{ anna: Room; bob: Room }> {
  const [anna, bob] = [await enter("anna-nick"), await enter("bob-nick")];
  await bob.join(`127.0.0.1:${portOf(anna)}`);
  const { delivery } = await anna.say(SECRET_TEXT);
  expect(await delivery).toMatchObject({ reached: 1 });
  const answer = await bob.say("found them");
  expect(await answer.delivery).toMatchObject({ reached: 1 });
  return { anna, bob };
}

it("reads nothing: no text, nick or room name is in any datagram", async () => {
  await twoThatTalked();
  expect(captured.length).toBeGreaterThan(10);
  const all = Buffer.concat(captured).toString("latin1");
  for (const word of [SECRET_TEXT, "found them", "anna-nick", "bob-nick", "cellar"]) expect(all).not.toContain(word);
});

it("replays nothing, gets no answer and is nobody, also at a node that has started again", async () => {
  const { anna, bob } = await twoThatTalked();
  const before = (await bob.history()).map(({ id }) => id);
  await replayTo(anna);
  await replayTo(bob);
  await hubs.pop()?.close();
  const again = await enter("bob-nick");
  await replayTo(again);
  expect(heardByOutsider).toBe(0);
  expect((await again.history()).map(({ id }) => id)).toEqual(before);
  expect((await anna.history()).map(({ text }) => text)).toEqual([SECRET_TEXT, "found them"]);
  expect(
    anna
      .peers()
      .filter(({ self }) => !self)
      .map(({ nick }) => nick),
  ).toEqual(["bob-nick"]);
  // The node that started again is heard.
  await again.join(`127.0.0.1:${portOf(anna)}`);
  const { delivery } = await again.say("still here");
  expect(await delivery).toMatchObject({ reached: 1 });
});

it("opens none of the talk later either, when the room's key leaks: it was sealed for two process starts", async () => {
  await twoThatTalked();
  const keys = createRoomKeys(room.secret);
  const headers = captured.map((bytes) => decodeHeader(bytes));
  const boots = new Set(headers.flatMap((header) => (typeof header === "string" ? [] : [header.boot])));
  const opened = captured.flatMap((bytes, at) => {
    const header = headers[at] as Exclude<(typeof headers)[number], string>;
    const inner = [...boots].map((boot) => open(bootKey(keys, header.boot), header, boot as BootId, bytes));
    return inner.flatMap((frames) => (frames === undefined ? [] : [Buffer.from(frames).toString("latin1")]));
  });
  // Hellos: they show who says hello.
  expect(opened.join()).toContain("anna-nick");
  for (const word of [SECRET_TEXT, "found them"]) expect(opened.join()).not.toContain(word);
});
