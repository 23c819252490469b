/** Virtual time: the events to come. Events of the same time happen in the order in which they were added. */
import type { Millis } from "../../protocol/time.ts";

export type Agenda = {
  readonly now: () => Millis;
  readonly at: (time: Millis, action: () => void) => void;
  /** Runs what is due up to `until`, then stands at `until`. */
  readonly runUntil: (until: Millis) => void;
};

type Entry = { readonly time: Millis; readonly order: number; readonly action: () => void };

/** BOUNDED: by datagrams in flight and one alarm for each node. */
export function createAgenda(): Agenda {
  const heap: Entry[] = [];
  let clock = 0;
  let order = 0;
  return {
    now: () => clock,
    at: (time, action) => push(heap, { time: Math.max(time, clock), order: order++, action }),
    runUntil: (until) => {
      for (let first = heap[0]; first !== undefined && first.time <= until; first = heap[0]) {
        pop(heap);
        clock = first.time;
        first.action();
      }
      clock = until;
    },
  };
}

// --- internal ---

function isBefore(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(entry, heap[parent] as Entry)) break;
    heap[at] = heap[parent] as Entry;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop() as Entry;
  if (heap.length === 0) return;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
    if (!isBefore(heap[child] as Entry, last)) break;
    heap[at] = heap[child] as Entry;
    at = child;
  }
  heap[at] = last;
}
