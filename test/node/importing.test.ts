/** A room takes signed messages in and gives them out, with a node that has no network, on disks that work and that do not. */
import { afterEach, describe, expect, it } from "vitest";
import type { SignedMessage } from "../../src/crypto/signed.ts";
import { nowhere } from "../../src/net/nowhere.ts";
import { openHub } from "../../src/node/hub.ts";
import type { HubHandle, HubOptions, RoomHandle } from "../../src/node/types.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createFaultyDisk, FULL } from "../suites/faultyStore.ts";
import { LAB, smallTalk } from "../suites/signedTalk.ts";

const hubs: HubHandle[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
});

async function roomOn(options: Partial<HubOptions> = {}): Promise<RoomHandle> {
  const hub = await openHub({ nick: "anna", port: 0, discovery: false, transport: nowhere(), ...options });
  hubs.push(hub);
  return hub.enter(LAB);
}

const bytesOf = (messages: readonly SignedMessage[]): Uint8Array[] => messages.map(({ bytes }) => bytes);

async function idsOf(room: RoomHandle): Promise<string[]> {
  const ids: string[] = [];
  await room.signed((messages) => void ids.push(...messages.map(({ id }) => id)));
  return ids;
}

describe("an import", () => {
  it("is over when the disk has what is new, and not before", async () => {
    const disk = createFaultyDisk();
    const room = await roomOn({ openStore: disk.open });
    disk.set("slow");
    let isOver = false;
    const importing = room.import(bytesOf(smallTalk(3).messages)).finally(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    disk.finish();
    expect(await importing).toEqual({ fates: ["added", "added", "added"], letGo: 0 });
  });

  it("fails with the reason if the disk takes nothing", async () => {
    const disk = createFaultyDisk();
    const room = await roomOn({ openStore: disk.open });
    disk.set(FULL);
    await expect(room.import(bytesOf(smallTalk(3).messages))).rejects.toMatchObject({ code: "full", detail: "ENOSPC" });
    disk.set("works");
  });

  it("into a room that was left does nothing", async () => {
    const room = await roomOn();
    await room.close();
    expect(await room.import(bytesOf(smallTalk(1).messages))).toBeUndefined();
  });
});

describe("what is given out", () => {
  it("is what came in, in the order of the room", async () => {
    const { messages } = smallTalk(70);
    const room = await roomOn();
    await room.import(bytesOf(messages.toReversed()));
    expect(await idsOf(room)).toEqual(messages.map(({ id }) => id));
  });

  it("leaves out what the disk has damaged, counts it, and lets peers bring it again", async () => {
    const { messages } = smallTalk(3);
    const kept = memoryStore();
    const openStore = (): ReturnType<typeof memoryStore> => ({
      ...kept,
      isDurable: true,
      all: (take) =>
        kept.all((batch, isLast) =>
          take(
            batch.map(({ id, bytes }, at) => ({
              id,
              bytes: at === 1 ? bytes.with(-1, (bytes.at(-1) as number) ^ 1) : bytes,
            })),
            isLast,
          ),
        ),
    });
    const room = await roomOn({ openStore });
    await room.import(bytesOf(messages));
    const given: SignedMessage[] = [];
    expect(await room.signed((batch) => void given.push(...batch))).toBe(1);
    expect(given.map(({ id }) => id)).toEqual([messages[0]?.id, messages[2]?.id]);
  });
});
