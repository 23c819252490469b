/** The entrance of the library: a program opens one hub, and enters rooms with it. */
import { openHub as openNode } from "../node/hub.ts";
import type { RoomHandle } from "../node/types.ts";
import { openPeopleFile } from "../store/peopleFile.ts";
import type { PeerId } from "../wire/ids.ts";
import { openingError, SmplchatError } from "./errors.ts";
import {
  checkHubOptions,
  checkNick,
  checkObject,
  checkRoom,
  type HubOptions,
  misfit,
  type RoomObject,
} from "./options.ts";
import { checkAddress, type Room, roomOn } from "./room.ts";

export type EnterOptions = {
  /** Addresses to contact at once. */
  readonly join?: string | readonly string[];
  /** In this room, in place of the hub's. */
  readonly nick?: string;
};

export interface Hub {
  /** This program's public key, 64 hex digits. */
  readonly id: PeerId;
  /** A name, an invite, or a room object. A room that is entered already comes back as it is, and contacts the addresses. */
  enter(room: string | RoomObject, options?: EnterOptions): Promise<Room>;
  rooms(): readonly Room[];
  /** Leaves all rooms and closes the sockets. Takes at most 1 s. */
  close(): Promise<void>;
}

/** Rejects with a TypeError for what makes no sense, and a SmplchatError for what cannot be had; then nothing is left open. */
export async function openHub(options: HubOptions): Promise<Hub> {
  const checked = checkHubOptions(options);
  const node = await openNode(checked).catch((error: unknown) => {
    throw openingError(error);
  });
  const { dataDir } = checked;
  // It is the person, with the chat, who verifies; a program knows of it.
  const people = dataDir === undefined ? [] : (await openPeopleFile(dataDir, node.slot)).read.entries;
  const verified: ReadonlySet<PeerId> = new Set(people.filter((one) => one.verified).map(({ id }) => id));
  /** BOUNDED: by what the program enters. */
  const rooms = new Map<RoomHandle, Room>();
  let closing: Promise<void> | undefined;

  const known = (handle: RoomHandle, addresses: readonly string[]): Room => {
    const entered = rooms.get(handle);
    if (entered === undefined) return remember(handle, addresses);
    for (const address of addresses) void entered.join(address).catch(() => undefined);
    return entered;
  };
  const remember = (handle: RoomHandle, addresses: readonly string[]): Room => {
    const room = roomOn(handle, addresses, verified);
    const entered: Room = {
      ...room,
      leave: () => {
        rooms.delete(handle);
        return room.leave();
      },
    };
    rooms.set(handle, entered);
    return entered;
  };
  const open = (): void => {
    if (closing !== undefined) throw new SmplchatError("closed", "the hub is closed: open another");
  };

  return {
    id: node.id,
    enter: async (room, given) => {
      const { name, private: isPrivate, secret, endpoints = [] } = checkRoom(room);
      const { join, nick } = checkEnter(given);
      open();
      const handle = await node.enter({ name, private: isPrivate, secret }, nick).catch((error: unknown) => {
        // Closed while it was on its way: the node says so in its own words.
        open();
        throw openingError(error);
      });
      open();
      return known(handle, [...endpoints, ...join]);
    },
    rooms: () => [...rooms.values()],
    close: () => {
      closing ??= (async () => {
        await Promise.all([...rooms.values()].map((room) => room.leave()));
        await node.close();
      })();
      return closing;
    },
  };
}

// --- internal ---

function checkEnter(given: unknown): { join: readonly string[]; nick: string | undefined } {
  const { join = [], nick } = checkObject("enter", given, ["join", "nick"]);
  if (nick !== undefined) checkNick(nick);
  const addresses: unknown[] = Array.isArray(join) ? join : [join];
  if (addresses.length > JOINS_MAX) throw misfit("join", join, `at most ${JOINS_MAX} addresses`);
  for (const address of addresses) checkAddress(address);
  return { join: addresses as string[], nick };
}

const JOINS_MAX = 100;
