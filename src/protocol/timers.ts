/** All timers of a node, as rows of one table. The host keeps a single alarm, and a test sees what is pending. */
import type { Millis } from "./time.ts";

export type Timers<Row> = {
  /** Sets the row's deadline; a row with the same key is replaced. */
  readonly set: (key: string, at: Millis, row: Row) => void;
  readonly clear: (key: string) => void;
  readonly has: (key: string) => boolean;
  readonly nextDeadline: () => Millis | undefined;
  /** Takes out the earliest row that is due; rows due at the same time come in the order they were set. */
  readonly takeDue: (now: Millis) => Row | undefined;
};

type Entry<Row> = { readonly key: string; readonly at: Millis; readonly order: number; readonly row: Row };

/** BOUNDED: by its users, one row for each item of their own bounded tables. Replaced rows leave the heap when they surface. */
export function createTimers<Row>(): Timers<Row> {
  const live = new Map<string, Entry<Row>>();
  const heap: Entry<Row>[] = [];
  let order = 0;

  const dropStale = (): void => {
    while (heap.length > 0 && live.get((heap[0] as Entry<Row>).key) !== heap[0]) popHeap(heap);
  };
  return {
    set: (key, at, row) => {
      const entry = { key, at, order: order++, row };
      live.set(key, entry);
      pushHeap(heap, entry);
      if (heap.length > 64 && heap.length > 4 * live.size) compact(heap, live);
    },
    clear: (key) => {
      live.delete(key);
    },
    has: (key) => live.has(key),
    nextDeadline: () => {
      dropStale();
      return heap[0]?.at;
    },
    takeDue: (now) => {
      dropStale();
      const first = heap[0];
      if (first === undefined || first.at > now) return undefined;
      popHeap(heap);
      live.delete(first.key);
      return first.row;
    },
  };
}

// --- internal ---

function before<Row>(a: Entry<Row>, b: Entry<Row>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function pushHeap<Row>(heap: Entry<Row>[], entry: Entry<Row>): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(entry, heap[parent] as Entry<Row>)) break;
    heap[at] = heap[parent] as Entry<Row>;
    at = parent;
  }
  heap[at] = entry;
}

function popHeap<Row>(heap: Entry<Row>[]): void {
  const last = heap.pop() as Entry<Row>;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Entry<Row>, heap[child] as Entry<Row>)) child += 1;
    if (!before(heap[child] as Entry<Row>, last)) break;
    heap[at] = heap[child] as Entry<Row>;
    at = child;
  }
  heap[at] = last;
}

/** A sorted array is a heap. */
function compact<Row>(heap: Entry<Row>[], live: Map<string, Entry<Row>>): void {
  const kept = [...live.values()].sort((a, b) => (before(a, b) ? -1 : 1));
  heap.splice(0, heap.length, ...kept);
}
