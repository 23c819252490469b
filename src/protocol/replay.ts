/** Sliding replay window over datagram counters (RFC 6479: a ring of bitmap words, so that sliding never shifts bits). */
import { bounds } from "./config.ts";

export type ReplayWindow = {
  /** True the first time a counter is seen and not older than the window; remembers it. Ask after opening only. */
  readonly accept: (counter: number) => boolean;
};

const WORD_BITS = 32;
/** One word more than the window, so that the word being filled never holds bits that still count. */
const WORDS = Math.ceil(bounds.replayWindow / WORD_BITS) + 2;

export function createReplayWindow(): ReplayWindow {
  // Most peers send little: the ring is made when the first counter arrives, 1 KiB each.
  let ring: Uint32Array | undefined;
  let highest = -1;
  const slide = (words: Uint32Array, counter: number): void => {
    const from = Math.floor(highest / WORD_BITS);
    const steps = Math.min(Math.floor(counter / WORD_BITS) - from, WORDS);
    for (let step = 1; step <= steps; step += 1) words[(from + step) % WORDS] = 0;
    highest = counter;
  };
  return {
    accept: (counter) => {
      if (counter + bounds.replayWindow <= highest) return false;
      if (ring === undefined) {
        ring = new Uint32Array(WORDS);
        highest = counter;
      } else if (counter > highest) slide(ring, counter);
      const word = Math.floor(counter / WORD_BITS) % WORDS;
      const bit = 1 << (counter % WORD_BITS);
      if (((ring[word] as number) & bit) !== 0) return false;
      ring[word] = (ring[word] as number) | bit;
      return true;
    },
  };
}
