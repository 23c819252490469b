/** Sliding replay window over datagram counters (RFC 6479: a ring of bitmap words, so that sliding never shifts bits). */
import { limits } from "../limits.ts";

export type ReplayWindow = {
  /** True the first time a counter is seen and not older than the window; remembers it. Ask after opening only. */
  readonly accept: (counter: number) => boolean;
};

const WORD_BITS = 32;
/** One word more than the window, so that the word being filled never holds bits that still count. */
const WORDS = Math.ceil(limits.replayWindow / WORD_BITS) + 2;

/** So many counters are remembered as they are: most peers of a large room send no more. */
const FEW = 16;

export function createReplayWindow(): ReplayWindow {
  /** BOUNDED: FEW. Until there are more, and a ring (1 KiB). */
  let few: number[] | undefined = [];
  let ring: Uint32Array | undefined;
  let highest = -1;
  const slide = (words: Uint32Array, counter: number): void => {
    const from = Math.floor(Math.max(highest, 0) / WORD_BITS);
    const steps = Math.min(Math.floor(counter / WORD_BITS) - from, WORDS);
    for (let step = 1; step <= steps; step += 1) words[(from + step) % WORDS] = 0;
    highest = counter;
  };
  const mark = (words: Uint32Array, counter: number): boolean => {
    if (counter > highest) slide(words, counter);
    const word = Math.floor(counter / WORD_BITS) % WORDS;
    const bit = 1 << (counter % WORD_BITS);
    if (((words[word] as number) & bit) !== 0) return false;
    words[word] = (words[word] as number) | bit;
    return true;
  };
  return {
    accept: (counter) => {
      if (counter + limits.replayWindow <= highest) return false;
      if (few !== undefined && few.length < FEW) {
        if (few.includes(counter)) return false;
        few.push(counter);
        highest = Math.max(highest, counter);
        return true;
      }
      if (ring === undefined) {
        const words = new Uint32Array(WORDS);
        // Those that have slid out of the window are refused without being looked up.
        for (const known of few ?? []) if (known + limits.replayWindow > highest) mark(words, known);
        ring = words;
        few = undefined;
      }
      return mark(ring, counter);
    },
  };
}
