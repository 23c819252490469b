/**
 * Which messages are kept when there are more than `max`: those that come first by how many newer ones of the same author
 * there are, and of equals the newer ones. In other words, while there are more than `max`, the oldest message of whoever
 * holds most is let go; of several who hold most, that of the smallest id.
 *
 * It is a function of the set alone: nodes that heard the same messages keep the same, in whatever order they came, and even
 * if they only hear of what others keep (docs/decisions.md, "Fair retention"). A message is a number here, its place in the
 * index, and so is an author.
 */

/** BOUNDED: `max` messages, and one more until it is let go. */
export type Retention = {
  max: number;
  size: number;
  /** BOUNDED: authors of kept messages. */
  readonly holders: Map<number, Holder>;
  /** A heap. BOUNDED: as `holders`. Who lets go next is first. */
  readonly ranking: Holder[];
  /** By their ids. */
  readonly isOlder: IsOlder;
};

export type IsOlder = (one: number, other: number) => boolean;

/** An author of kept messages. */
export type Holder = {
  readonly author: number;
  /** A heap: the oldest message is first. BOUNDED: at most four times as long as it has to be. */
  messages: Uint32Array;
  count: number;
  /** In the ranking. */
  place: number;
};

export function createRetention(max: number, isOlder: IsOlder): Retention {
  return { max, size: 0, holders: new Map(), ranking: [], isOlder };
}

/** Takes a message in that is not there. `letGo` is to follow while there are too many. */
export function keep(retention: Retention, author: number, message: number): void {
  const { holders, ranking, isOlder } = retention;
  retention.size += 1;
  const known = holders.get(author);
  const holder = known ?? { author, messages: new Uint32Array(PLACES_LEAST), count: 0, place: ranking.length };
  if (holder.count === holder.messages.length) resize(holder, Math.ceil(holder.count * 1.5));
  holder.messages[holder.count] = message;
  up(holder.messages, holder.count, isOlder);
  holder.count += 1;
  if (known === undefined) {
    holders.set(author, holder);
    ranking.push(holder);
  }
  // It holds more than before, unless it is new: then it may be older than others that hold one.
  up(ranking, holder.place, (one, other) => goesFirst(retention, one, other), place);
}

/** The message that is to go because there are more than `max`; undefined: there are not. */
export function letGo(retention: Retention): number | undefined {
  const [holder] = retention.ranking;
  return retention.size <= retention.max || holder === undefined ? undefined : takeOldestOf(retention, holder);
}

/** Takes a message out that is there, wherever it stands; this is slow. */
export function takeOut(retention: Retention, author: number, message: number): void {
  const { holders, ranking, isOlder } = retention;
  const holder = holders.get(author);
  const at = holder?.messages.subarray(0, holder.count).indexOf(message) ?? -1;
  if (holder === undefined || at < 0) return;
  retention.size -= 1;
  holder.count -= 1;
  // In the order of their age they are a heap.
  const left = [...holder.messages.subarray(0, holder.count + 1)].filter((_, place) => place !== at);
  holder.messages.set(left.sort((one, other) => (isOlder(one, other) ? -1 : 1)));
  if (holder.count === 0) holders.delete(author);
  const rest = ranking.filter(({ count }) => count > 0);
  rest.sort((one, other) => (goesFirst(retention, one, other) ? -1 : 1));
  ranking.splice(0, ranking.length, ...rest);
  for (const [place, one] of ranking.entries()) one.place = place;
}

/** The oldest message of that author goes, wherever the author stands. Undefined: it has none. */
export function takeOldest(retention: Retention, author: number): number | undefined {
  const holder = retention.holders.get(author);
  return holder && takeOldestOf(retention, holder);
}

/** True if a message of that author would be let go as soon as it came. `isOlderThan`: it, than a kept one. */
export function refuses(
  { size, max, holders, ranking }: Retention,
  author: number | undefined,
  isOlderThan: (message: number) => boolean,
): boolean {
  const [first] = ranking;
  if (size < max || first === undefined) return false;
  const own = author === undefined ? undefined : holders.get(author);
  if (own !== undefined && !isOlderThan(oldestOf(own))) return false;
  const count = (own?.count ?? 0) + 1;
  return count === first.count ? isOlderThan(oldestOf(first)) : count > first.count;
}

/**
 * The newest of the messages below which something may have been let go already: the oldest kept one of anybody who holds as
 * many as the one who lets go next, or one less. Undefined: there is room, so nothing was.
 */
export function newestFloor({ size, max, ranking, isOlder }: Retention): number | undefined {
  const [first] = ranking;
  if (size < max || first === undefined) return undefined;
  let newest = oldestOf(first);
  const least = first.count - 1;
  // A heap: below one who holds fewer nobody holds more.
  for (const places = [0]; places.length > 0; ) {
    const at = places.pop() as number;
    const holder = ranking[at];
    if (holder === undefined || holder.count < least) continue;
    if (isOlder(newest, oldestOf(holder))) newest = oldestOf(holder);
    places.push(2 * at + 1, 2 * at + 2);
  }
  return newest;
}

// --- internal ---

function takeOldestOf(retention: Retention, holder: Holder): number {
  const { holders, ranking, isOlder } = retention;
  retention.size -= 1;
  const gone = oldestOf(holder);
  holder.count -= 1;
  takeFirst(holder.messages, holder.count, isOlder);
  if (holder.messages.length > PLACES_LEAST && holder.messages.length > 4 * holder.count)
    resize(holder, 2 * holder.count);
  const isBefore = (one: Holder, other: Holder): boolean => goesFirst(retention, one, other);
  const at = holder.place;
  if (holder.count > 0) down(ranking, at, ranking.length, isBefore, place);
  else {
    holders.delete(holder.author);
    const last = ranking.pop() as Holder;
    if (last === holder) return gone;
    put(ranking, at, last, place);
    up(ranking, at, isBefore, place);
    down(ranking, last.place, ranking.length, isBefore, place);
  }
  return gone;
}

function oldestOf({ messages }: Holder): number {
  return messages[0] as number;
}

function goesFirst({ isOlder }: Retention, one: Holder, other: Holder): boolean {
  const more = one.count - other.count;
  return more > 0 || (more === 0 && isOlder(oldestOf(one), oldestOf(other)));
}

function place(holder: Holder, at: number): void {
  holder.place = at;
}

/** Places of a heap that has few messages. */
const PLACES_LEAST = 4;

function resize(holder: Holder, length: number): void {
  const messages = new Uint32Array(Math.max(length, PLACES_LEAST));
  messages.set(holder.messages.subarray(0, holder.count));
  holder.messages = messages;
}

type Heap<Item> = { [place: number]: Item };
type IsBefore<Item> = (one: Item, other: Item) => boolean;
type Moved<Item> = (item: Item, at: number) => void;

/** The item at that place of a heap may belong nearer to its front. */
function up<Item>(heap: Heap<Item>, from: number, isBefore: IsBefore<Item>, moved?: Moved<Item>): void {
  const item = heap[from] as Item;
  let at = from;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(item, heap[parent] as Item)) break;
    put(heap, at, heap[parent] as Item, moved);
    at = parent;
  }
  put(heap, at, item, moved);
}

/** The item at that place of a heap of so many may belong farther from its front. */
function down<Item>(
  heap: Heap<Item>,
  from: number,
  count: number,
  isBefore: IsBefore<Item>,
  moved?: Moved<Item>,
): void {
  const item = heap[from] as Item;
  let at = from;
  for (let child = 2 * at + 1; child < count; child = 2 * at + 1) {
    const next = child + 1;
    if (next < count && isBefore(heap[next] as Item, heap[child] as Item)) child = next;
    if (!isBefore(heap[child] as Item, item)) break;
    put(heap, at, heap[child] as Item, moved);
    at = child;
  }
  put(heap, at, item, moved);
}

/** The first of a heap makes room for the others: `left` of them, of which the last has to move. */
function takeFirst<Item>(heap: Heap<Item>, left: number, isBefore: IsBefore<Item>, moved?: Moved<Item>): void {
  if (left === 0) return;
  put(heap, 0, heap[left] as Item, moved);
  down(heap, 0, left, isBefore, moved);
}

function put<Item>(heap: Heap<Item>, at: number, item: Item, moved?: Moved<Item>): void {
  heap[at] = item;
  moved?.(item, at);
}
