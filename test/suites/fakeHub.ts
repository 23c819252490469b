/** A hub of fake rooms. */
import { isSameRoom } from "../../src/crypto/roomKeys.ts";
import type { HubHandle, LiveConfig, RoomChoice } from "../../src/node/types.ts";
import type { PeerId } from "../../src/wire/ids.ts";
import { createFakeRoom, type FakeRoom } from "./fakeRoom.ts";

export type FakeHub = HubHandle & {
  /** Those that were entered, in this order. */
  readonly entered: readonly FakeRoom[];
  readonly closed: () => boolean;
  /** What was configured, in this order. */
  readonly configured: readonly LiveConfig[];
};

export type FakeHubOptions = {
  /** The first room; what others are like is left to chance. */
  readonly first?: FakeRoom;
  /** Entering a room of this name fails. */
  readonly failing?: { readonly name: string; readonly error: Error };
};

export function createFakeHub({ first, failing }: FakeHubOptions = {}): FakeHub {
  const entered: FakeRoom[] = [];
  const configured: LiveConfig[] = [];
  let isClosed = false;
  const open = (choice: RoomChoice, nick: string | undefined): FakeRoom => {
    if (first !== undefined && entered.length === 0) return first;
    const idsFrom = entered.length * 1_000_000;
    return createFakeRoom(nick === undefined ? { choice, idsFrom } : { choice, nick, idsFrom });
  };
  return {
    id: "1".padStart(64, "0") as PeerId,
    slot: 1,
    entered,
    configured,
    closed: () => isClosed,
    rooms: () => [...entered],
    enter: async (choice, nick) => {
      if (failing?.name === choice.name) throw failing.error;
      const known = entered.find((room) => isSameRoom(room.choice.secret, choice.secret));
      if (known !== undefined) return known;
      const room = open(choice, nick);
      entered.push(room);
      return room;
    },
    configure: (changes) => {
      configured.push(changes);
    },
    close: async () => {
      isClosed = true;
      for (const room of entered) await room.close();
    },
  };
}
