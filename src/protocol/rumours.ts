/**
 * Rumours: news of the membership that ride on other datagrams, newest first, each 4·⌈log10(N+1)⌉ times (SWIM, Das et al.
 * 2002, §4.1; the multiplier is memberlist's). The news about a peer replaces what was told of it before.
 */
import { encodeFrame, type Frame } from "../wire/frame.ts";
import type { PeerId } from "./types.ts";

export type Rumours = {
  readonly spread: (about: PeerId, frame: Frame) => void;
  /** Frames of at most `bytes` in all for one datagram to a room of `members`; each counts as told once. */
  readonly take: (bytes: number, members: number) => Frame[];
  readonly isEmpty: () => boolean;
};

type Rumour = { readonly frame: Frame; readonly size: number; told: number };

const RETRANSMIT_MULTIPLIER = 4;

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
      rumours.set(key, { frame, size: encodeFrame(frame).length, told: 0 });
    },
    take: (bytes, members) => {
      const limit = retransmitLimit(members);
      const taken: Frame[] = [];
      let left = bytes;
      // Told least first; of these the newest, which a map holds last.
      const queue = [...rumours].reverse().sort(([, a], [, b]) => a.told - b.told);
      for (const [key, rumour] of queue) {
        if (rumour.size > left) continue;
        left -= rumour.size;
        taken.push(rumour.frame);
        rumour.told += 1;
        if (rumour.told >= limit) rumours.delete(key);
        if (left < 64) break;
      }
      return taken;
    },
    isEmpty: () => rumours.size === 0,
  };
}
