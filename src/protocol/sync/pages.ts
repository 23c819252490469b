/**
 * Gives history out in bulk: the items that a fetch asks for, newest first, in pages. Each page says which range it
 * covers.
 */
import { FRAMES_BYTES_MAX } from "../../wire/datagram.ts";
import { type Bound, END, type Frame, type Stretch } from "../../wire/frames.ts";
import { MESSAGE_ID_BYTES } from "../../wire/ids.ts";
import { ANNOUNCED_ITEM_BYTES, PAGE_HEAD_BYTES_MAX, PAGE_ITEMS_MAX, sizedItemBytes } from "../../wire/page.ts";
import type { OrderedSet } from "../idset/orderedSet.ts";
import { separator } from "../idset/range.ts";
import type { PagePlan } from "../log/reads.ts";

export type Fetch = Frame & { readonly type: "fetch" };
export type Page = Frame & { readonly type: "page" };
type Ids = Pick<OrderedSet<string>, "slice">;
/** Bytes of an item in a page, 0: it is announced; undefined: it is not there any more. */
type SizeOf = (id: string) => number | undefined;

/** Pages of one fetch, at most `credit`. */
export function pagesFor(fetch: Fetch, ids: Ids, sizeOf: SizeOf): PagePlan[] {
  const { number, credit, stretches } = fetch;
  const pages: PagePlan[] = [];
  for (const [at, stretch] of stretches.entries()) {
    const walk = downwards(ids, stretch);
    for (let { hi } = stretch; hi > stretch.lo; ) {
      const page = take(walk, roomBelow(hi), sizeOf);
      const next = walk.peek();
      const lo = next === undefined || page.lowest === undefined ? stretch.lo : separator(next, page.lowest);
      const index = pages.length;
      const isLast = index === credit - 1 || (lo === stretch.lo && at === stretches.length - 1);
      pages.push({ number, index, isLast, lo, hi, ids: page.ids });
      if (isLast) return pages;
      hi = lo;
    }
  }
  return pages;
}

// --- internal ---

/** Ids looked up at a time. */
const BATCH = 64;

type Walk = { readonly peek: () => string | undefined; readonly next: () => void };

/** The ids of a range, newest first. */
function downwards(ids: Ids, { lo, hi }: Stretch): Walk {
  let batch: string[] = [];
  let below: Bound = hi;
  return {
    peek: () => {
      if (batch.length === 0 && below > lo) {
        batch = ids.slice(lo, below, BATCH, true);
        below = batch[0] ?? lo;
      }
      return batch.at(-1);
    },
    next: () => {
      batch.pop();
    },
  };
}

/** For items of a page up to `hi`; the other bound is most often far shorter, which leaves room for an acknowledgement. */
function roomBelow(hi: Bound): number {
  const spared = hi === END ? MESSAGE_ID_BYTES : MESSAGE_ID_BYTES - hi.length / 2;
  return FRAMES_BYTES_MAX - 1 - PAGE_HEAD_BYTES_MAX + spared;
}

function take(walk: Walk, room: number, sizeOf: SizeOf): { ids: string[]; lowest: string | undefined } {
  const ids: string[] = [];
  let lowest: string | undefined;
  let bytes = 0;
  for (let id = walk.peek(); id !== undefined && ids.length < PAGE_ITEMS_MAX; id = walk.peek()) {
    const size = sizeOf(id);
    if (size !== undefined) {
      bytes += size === 0 ? ANNOUNCED_ITEM_BYTES : sizedItemBytes(size);
      if (bytes > room) break;
      ids.push(id);
    }
    lowest = id;
    walk.next();
  }
  return { ids, lowest };
}
