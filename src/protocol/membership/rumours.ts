/**
 * Rumours: news of the membership that ride on other datagrams, newest first, each 4·⌈log10(N+1)⌉ times (SWIM, Das et al.
 * 2002, §4.1; the multiplier is memberlist's). News about a peer replaces older news about it.
 */
import { encodeFrame, type Frame } from "../../wire/frames.ts";
import type { PeerId } from "../../wire/ids.ts";

export type Rumours = {
  readonly spread: (about: PeerId, frame: Frame) => void;
  /** Frames of at most `bytes` in all for one datagram to a room of `members`; each counts as told once. */
  readonly take: (bytes: number, members: number) => Frame[];
  readonly isEmpty: () => boolean;
};

type Rumour = { readonly key: string; readonly frame: Frame; readonly size: number; told: number };

const RETRANSMIT_MULTIPLIER = 4;
/** Bytes; nothing is looked for to fill less. */
const ROOM_MIN = 64;

/** How often each node tells a rumour in a room of `members`. */
export function retransmitLimit(members: number): number {
  return RETRANSMIT_MULTIPLIER * Math.ceil(Math.log10(members + 1));
}

/** BOUNDED: one rumour for each member and kind of news. */
export function createRumours(): Rumours {
  const rumours = new Map<string, Rumour>();
  return {
    spread: (about, frame) => {
      const key = `${about} ${frame.type}`;
      rumours.delete(key);
      rumours.set(key, { key, frame, size: encodeFrame(frame).length, told: 0 });
    },
    take: (bytes, members) => {
      const limit = retransmitLimit(members);
      const taken: Frame[] = [];
      let left = bytes;
      for (const rumour of byTurn([...rumours.values()])) {
        if (rumour.size > left) continue;
        left -= rumour.size;
        taken.push(rumour.frame);
        rumour.told += 1;
        if (rumour.told >= limit) rumours.delete(rumour.key);
        if (left < ROOM_MIN) break;
      }
      return taken;
    },
    isEmpty: () => rumours.size === 0,
  };
}

// --- internal ---

/**
 * Told least first; of these the newest, which comes last. While many join there are as many rumours as members, and a
 * datagram has room for a few: so they are looked through as far as needed, and not sorted.
 */
function* byTurn(rumours: readonly Rumour[]): Generator<Rumour> {
  const told = Uint8Array.from(rumours, (rumour) => rumour.told);
  let left = rumours.length;
  for (let turn = 0; left > 0; turn += 1) {
    for (let at = told.lastIndexOf(turn); at >= 0; at = at === 0 ? -1 : told.lastIndexOf(turn, at - 1)) {
      left -= 1;
      yield rumours[at] as Rumour;
    }
  }
}
