/**
 * What of one set is still to be fetched: disjoint ranges of ids, newest first, each free or granted to one supplier. A
 * gap is cut where a claim about its inside begins or ends. It shrinks as pages come. What a page covered does not become
 * a gap again until the download ends.
 */
import type { Bound } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";

export type Gap = {
  readonly lo: Bound;
  readonly hi: Bound;
  /** Items that are there by the word of `by`, less those that came; an estimate once the gap was cut. */
  readonly count: number;
  readonly by: BootId;
  /** Its supplier was asked to cut it into parts. */
  readonly isOutlined: boolean;
  /** The grant by which it is asked for now. */
  readonly taker: string | undefined;
};

export type Gaps = {
  /** `count` items are in lo..hi, says `by`. What is a gap already stays one, and is cut there. */
  readonly add: (lo: Bound, hi: Bound, count: number, by: BootId) => void;
  /** Newest first. */
  readonly all: () => readonly Gap[];
  /** A free gap becomes the taker's. */
  readonly take: (gap: Gap, taker: string) => Gap;
  readonly outlined: (gap: Gap) => void;
  /** A page came: what the taker was asked for there is no gap any more. */
  readonly cover: (taker: string, lo: Bound, hi: Bound, items: number) => void;
  /** What is left of the taker's is free again. If the estimate was that nothing is left, it becomes `atLeast`. */
  readonly release: (taker: string, atLeast: number) => void;
  /** Cuts gaps at both bounds; true if anything between them is a gap. */
  readonly cut: (lo: Bound, hi: Bound) => boolean;
  /** Items that are still to come, as far as is known. */
  readonly count: () => number;
  readonly clear: () => void;
};

/** With so many gaps the oldest free one is forgotten: the next digest finds it again. */
export const GAPS_MAX = 256;

type Range = { readonly lo: Bound; readonly hi: Bound };

/** BOUNDED: GAPS_MAX. */
export function createGaps(): Gaps {
  let gaps: Gap[] = [];
  /** BOUNDED: GAPS_MAX. What pages covered, the newest first, adjoining ones joined. */
  let done: Range[] = [];

  const replace = (gap: Gap, ...by: readonly Gap[]): void => {
    const at = gaps.indexOf(gap);
    if (at >= 0) gaps.splice(at, 1, ...by);
  };
  const keepBound = (): void => {
    while (gaps.length > GAPS_MAX) {
      const oldest = gaps.findLastIndex((gap) => gap.taker === undefined);
      gaps.splice(oldest < 0 ? gaps.length - 1 : oldest, 1);
    }
  };
  const cutAt = (bound: Bound): void => {
    const gap = gaps.find((candidate) => candidate.lo < bound && bound < candidate.hi);
    if (gap === undefined) return;
    const half = Math.ceil(gap.count / 2);
    replace(gap, { ...gap, lo: bound, count: half }, { ...gap, hi: bound, count: half });
  };

  return {
    all: () => gaps,
    add: (lo, hi, count, by) => {
      cutAt(lo);
      cutAt(hi);
      const inside = gaps.filter((gap) => lo <= gap.lo && gap.hi <= hi);
      const fresh = without({ lo, hi }, [...inside, ...done]);
      const known = inside.reduce((sum, gap) => sum + gap.count, 0);
      const [only] = inside;
      if (fresh.length === 0 && inside.length === 1 && only !== undefined) {
        replace(only, { ...only, count, by: only.taker === undefined ? by : only.by, isOutlined: false });
        return;
      }
      const each = Math.max(Math.ceil((count - known) / fresh.length), 1);
      for (const range of fresh) gaps.push({ ...range, count: each, by, isOutlined: false, taker: undefined });
      gaps.sort((a, b) => (a.hi < b.hi ? 1 : -1));
      keepBound();
    },
    take: (gap, taker) => {
      const found = gaps.find((candidate) => candidate.hi === gap.hi) as Gap;
      const taken = { ...found, taker };
      replace(found, taken);
      return taken;
    },
    outlined: (gap) => {
      const found = gaps.find((candidate) => candidate.hi === gap.hi);
      if (found !== undefined) replace(found, { ...found, isOutlined: true });
    },
    cover: (taker, lo, hi, items) => {
      for (const gap of gaps.filter((other) => other.taker === taker && other.lo < hi && lo < other.hi)) {
        const left = Math.max(gap.count - items, 1);
        // Above lies what got lost on the way, page by page; below what is still to come.
        const above = hi < gap.hi ? [{ ...gap, lo: hi, count: Math.min(Math.max(items, 1), left) }] : [];
        const below = gap.lo < lo ? [{ ...gap, hi: lo, count: Math.max(left - (above[0]?.count ?? 0), 1) }] : [];
        replace(gap, ...above, ...below);
        done = joined(done, { lo: gap.lo < lo ? lo : gap.lo, hi: hi < gap.hi ? hi : gap.hi });
      }
      keepBound();
    },
    release: (taker, atLeast) => {
      const lowest = gaps.findLast((gap) => gap.taker === taker);
      if (lowest !== undefined && lowest.count <= 1) replace(lowest, { ...lowest, count: Math.max(1, atLeast) });
      gaps = gaps.map((gap) => (gap.taker === taker ? { ...gap, taker: undefined } : gap));
    },
    cut: (lo, hi) => {
      cutAt(lo);
      cutAt(hi);
      return gaps.some((gap) => gap.lo < hi && lo < gap.hi);
    },
    count: () => gaps.reduce((sum, gap) => sum + gap.count, 0),
    clear: () => {
      gaps = [];
      done = [];
    },
  };
}

// --- internal ---

/** What of a range the others leave, newest first. */
function without(range: Range, others: readonly Range[]): Range[] {
  let left = [range];
  for (const other of others) {
    left = left.flatMap(({ lo, hi }) => {
      if (other.hi <= lo || hi <= other.lo) return [{ lo, hi }];
      const above = other.hi < hi ? [{ lo: other.hi, hi }] : [];
      const below = lo < other.lo ? [{ lo, hi: other.lo }] : [];
      return [...above, ...below];
    });
  }
  return left;
}

function joined(ranges: readonly Range[], next: Range): Range[] {
  let { lo, hi } = next;
  const apart: Range[] = [];
  for (const range of ranges) {
    if (range.hi === lo) lo = range.lo;
    else if (range.lo === hi) hi = range.hi;
    else apart.push(range);
  }
  return [...apart, { lo, hi }].sort((a, b) => (a.hi < b.hi ? 1 : -1)).slice(0, GAPS_MAX);
}
