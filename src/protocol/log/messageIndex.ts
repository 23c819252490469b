/**
 * The index of the log: author, number, kind, size, parents and target of every message, without its body. It is packed
 * into typed arrays by slot, and the ordered set of ids gives the slot. A message takes about 140 bytes.
 */
import { fromHex, MESSAGE_ID_BYTES, type MessageId, type PeerId, timeOfId, toHex } from "../../wire/ids.ts";
import { createOrderedSet, type OrderedSet } from "../idset/orderedSet.ts";
import { mix } from "../membership/rank.ts";
import type { IndexedMessage } from "../views.ts";
import { isLarge } from "./classes.ts";
import { erasedShape, HAS_TARGET, IS_ERASED, ROW, refsOf, WAS_LARGE } from "./indexRows.ts";

/** A message without its body. `size`: bytes of the form that is kept, signature included. */
export type IndexEntry = {
  readonly author: PeerId;
  readonly seq: number;
  readonly kind: number;
  readonly size: number;
  readonly parents: readonly MessageId[];
  readonly target: MessageId | undefined;
  /** The body is erased: the class of the whole form. */
  readonly erased?: "small" | "large";
};

export type MessageIndex = {
  readonly ids: OrderedSet<MessageId>;
  /** By slot. BOUNDED: as `ids`, rounded up; slots of removed messages are used again. */
  columns: Columns;
  readonly freeSlots: number[];
  slots: number;
  /** BOUNDED: authors of kept messages. */
  readonly authors: Map<PeerId, Author>;
  readonly authorsBySlot: (PeerId | undefined)[];
  readonly freeAuthors: number[];
  readonly cells: Cells;
  /** Slots by author and seq, each pair once: open addressing, a power of two, at most half full. */
  places: Int32Array;
  /** 32 bits that no member knows: else one could choose numbers that all fall on one place. */
  readonly salt: number;
};

type Author = { readonly number: number; messages: number };

type Columns = {
  /** The first ten bytes of the id: its time, and four bytes of its hash. */
  readonly time: Float64Array;
  readonly hash: Uint32Array;
  readonly author: Uint32Array;
  readonly seq: Float64Array;
  readonly size: Uint32Array;
  readonly kind: Uint16Array;
  /** Parents in the low three bits, HAS_TARGET, IS_ERASED and WAS_LARGE. */
  readonly shape: Uint8Array;
  /** The first of the cells with the ids of the parents, and of the target behind them. */
  readonly cell: Uint32Array;
};

/** Ids that messages refer to, in rows of 1..5 cells of 24 bytes. BOUNDED: by the messages; rows are used again. */
type Cells = { bytes: Buffer; used: number; readonly free: number[][] };

const SLOTS_FIRST = 1_024;
const REFS_MAX = 5;

export function createMessageIndex(salt = 0): MessageIndex {
  return {
    ids: createOrderedSet<MessageId>(),
    columns: createColumns(SLOTS_FIRST),
    freeSlots: [],
    slots: 0,
    authors: new Map(),
    authorsBySlot: [],
    freeAuthors: [],
    cells: {
      bytes: Buffer.alloc(SLOTS_FIRST * MESSAGE_ID_BYTES),
      used: 0,
      free: Array.from({ length: REFS_MAX + 1 }, () => []),
    },
    places: new Int32Array(2 * SLOTS_FIRST).fill(-1),
    salt,
  };
}

/** Adds a message that is not there yet. True if the first one of its author with the same seq is there. */
export function insertEntry(index: MessageIndex, id: MessageId, entry: IndexEntry): boolean {
  const slot = takeSlot(index);
  const { columns, authors } = index;
  const author = authors.get(entry.author) ?? addAuthor(index, entry.author);
  author.messages += 1;
  const refersTo = entry.target === undefined ? entry.parents : [...entry.parents, entry.target];
  columns.time[slot] = timeOfId(id);
  columns.hash[slot] = hashOfId(id);
  columns.author[slot] = author.number;
  columns.seq[slot] = entry.seq;
  columns.size[slot] = entry.size;
  columns.kind[slot] = entry.kind;
  const erased = entry.erased === undefined ? 0 : erasedShape(entry.erased === "large");
  columns.shape[slot] = entry.parents.length | (entry.target === undefined ? 0 : HAS_TARGET) | erased;
  columns.cell[slot] = takeCells(index.cells, refersTo.length);
  for (const [offset, ref] of refersTo.entries()) {
    index.cells.bytes.set(fromHex(ref), ((columns.cell[slot] as number) + offset) * MESSAGE_ID_BYTES);
  }
  index.ids.insert(id, slot);
  if (2 * index.ids.size() > index.places.length) rebuildPlaces(index);
  return addPlace(index, slot) !== slot;
}

/** As `insertEntry`, of the row (indexRows.ts) that begins at `at`. `author`: the one it names. Returns the slot. */
export function insertRow(index: MessageIndex, id: MessageId, rows: Buffer, at: number, author: PeerId): number {
  const slot = takeSlot(index);
  const { columns, cells } = index;
  const known = index.authors.get(author) ?? addAuthor(index, author);
  known.messages += 1;
  const shape = rows[at + ROW.shape] as number;
  columns.time[slot] = rows.readUIntBE(at, 6);
  columns.hash[slot] = rows.readUInt32BE(at + 6);
  columns.author[slot] = known.number;
  columns.seq[slot] = rows.readDoubleBE(at + ROW.seq);
  columns.size[slot] = rows.readUInt32BE(at + ROW.size);
  columns.kind[slot] = rows.readUInt16BE(at + ROW.kind);
  columns.shape[slot] = shape;
  const cell = takeCells(cells, refsOf(shape));
  columns.cell[slot] = cell;
  const refs = at + ROW.refs;
  rows.copy(cells.bytes, cell * MESSAGE_ID_BYTES, refs, refs + refsOf(shape) * MESSAGE_ID_BYTES);
  index.ids.insert(id, slot);
  if (2 * index.ids.size() > index.places.length) rebuildPlaces(index);
  addPlace(index, slot);
  return slot;
}

export function removeEntry(index: MessageIndex, id: MessageId): void {
  const slot = index.ids.valueOf(id);
  if (slot === undefined) return;
  const { columns } = index;
  removePlace(index, slot);
  index.ids.remove(id);
  freeCells(index.cells, columns.cell[slot] as number, refsOf(columns.shape[slot] as number));
  const name = index.authorsBySlot[columns.author[slot] as number] as PeerId;
  const author = index.authors.get(name) as Author;
  author.messages -= 1;
  if (author.messages === 0) {
    index.authors.delete(name);
    index.authorsBySlot[author.number] = undefined;
    index.freeAuthors.push(author.number);
  }
  // No message has this kind: whoever looks through the slots passes it over.
  columns.kind[slot] = 0;
  index.freeSlots.push(slot);
}

/** Messages of these kinds, in the order of their ids: goes through all slots, and looks at the found ones alone. */
export function messagesOf(index: MessageIndex, kinds: readonly number[]): IndexedMessage[] {
  const wanted = new Set(kinds);
  const found: IndexedMessage[] = [];
  for (let slot = 0; slot < index.slots; slot += 1) {
    const kind = index.columns.kind[slot] as number;
    if (kind === 0 || !wanted.has(kind)) continue;
    const id = idAt(index, slot);
    const { author, target } = entryAt(index, slot);
    found.push({ id, author, kind, target });
  }
  return found.sort((one, other) => (one.id < other.id ? -1 : 1));
}

export function entryOf(index: MessageIndex, id: MessageId): IndexEntry | undefined {
  const slot = index.ids.valueOf(id);
  return slot === undefined ? undefined : entryAt(index, slot);
}

export function authorOf(index: MessageIndex, id: MessageId): PeerId | undefined {
  const slot = index.ids.valueOf(id);
  return slot === undefined ? undefined : index.authorsBySlot[index.columns.author[slot] as number];
}

/** The body of the message in this slot is gone: the erased form is kept, which has so many bytes. */
export function setErased({ columns }: MessageIndex, slot: number, size: number): void {
  columns.shape[slot] = (columns.shape[slot] as number) | erasedShape(isLargeAt({ columns }, slot));
  columns.size[slot] = size;
}

/** Of which class the message in this slot is: that of its whole form, in whichever form it is kept. */
export function isLargeAt({ columns }: Pick<MessageIndex, "columns">, slot: number): boolean {
  const shape = columns.shape[slot] as number;
  return (shape & IS_ERASED) === 0 ? isLarge(columns.size[slot] as number) : (shape & WAS_LARGE) !== 0;
}

/** False also of what is not kept. */
export function isLargeId(index: MessageIndex, id: MessageId): boolean {
  const slot = index.ids.valueOf(id);
  return slot !== undefined && isLargeAt(index, slot);
}

/** It is kept, and its body is erased. */
export function isErased(index: MessageIndex, id: MessageId): boolean {
  const slot = index.ids.valueOf(id);
  return slot !== undefined && ((index.columns.shape[slot] as number) & IS_ERASED) !== 0;
}

/** Bytes of the form of the message that is kept; 0: it is not kept. */
export function sizeOf(index: MessageIndex, id: MessageId): number {
  const slot = index.ids.valueOf(id);
  return slot === undefined ? 0 : (index.columns.size[slot] as number);
}

/** The number by which the index knows an author of kept messages; undefined: none of its messages is kept. */
export function authorNumber(index: MessageIndex, author: PeerId): number | undefined {
  return index.authors.get(author)?.number;
}

/** The id of the message in this slot, which is in use. */
export function idAt(index: MessageIndex, slot: number): MessageId {
  const { ids, columns } = index;
  const time = (columns.time[slot] as number).toString(16).padStart(12, "0");
  const hash = (columns.hash[slot] as number).toString(16).padStart(8, "0");
  // Most likely the first: twenty digits agree only where somebody makes millions of messages to find two that do.
  for (let at = ids.rank(`${time}${hash}`); ; at += 1) {
    const id = ids.at(at);
    if (id === undefined) throw new Error(`slot ${slot} is not in use`);
    if (ids.valueOf(id) === slot) return id;
  }
}

/** Whether the message of one slot has the smaller id. */
export function isOlder(index: MessageIndex, one: number, other: number): boolean {
  const { time, hash } = index.columns;
  if (time[one] !== time[other]) return (time[one] as number) < (time[other] as number);
  if (hash[one] !== hash[other]) return (hash[one] as number) < (hash[other] as number);
  return one !== other && idAt(index, one) < idAt(index, other);
}

/** The same, of a message that has no slot. */
export function isOlderThan(index: MessageIndex, id: MessageId, slot: number): boolean {
  const [time, hash] = [timeOfId(id), hashOfId(id)];
  const { columns } = index;
  if (time !== columns.time[slot]) return time < (columns.time[slot] as number);
  return hash === columns.hash[slot] ? id < idAt(index, slot) : hash < (columns.hash[slot] as number);
}

// --- internal ---

/** Of the message in this slot, which is in use. */
function entryAt(index: MessageIndex, slot: number): IndexEntry {
  const { columns, cells } = index;
  const shape = columns.shape[slot] as number;
  const refersTo = readCells(cells, columns.cell[slot] as number, refsOf(shape));
  return {
    author: index.authorsBySlot[columns.author[slot] as number] as PeerId,
    seq: columns.seq[slot] as number,
    kind: columns.kind[slot] as number,
    size: columns.size[slot] as number,
    parents: refersTo.slice(0, shape & 7),
    target: (shape & HAS_TARGET) === 0 ? undefined : refersTo.at(-1),
    ...((shape & IS_ERASED) === 0 ? {} : { erased: (shape & WAS_LARGE) === 0 ? "small" : "large" }),
  };
}

function hashOfId(id: MessageId): number {
  return Number.parseInt(id.slice(12, 20), 16);
}

function createColumns(slots: number): Columns {
  return {
    time: new Float64Array(slots),
    hash: new Uint32Array(slots),
    author: new Uint32Array(slots),
    seq: new Float64Array(slots),
    size: new Uint32Array(slots),
    kind: new Uint16Array(slots),
    shape: new Uint8Array(slots),
    cell: new Uint32Array(slots),
  };
}

/** Half as large again: what is not used yet is at most a third. */
function grown(columns: Columns): Columns {
  const next = createColumns(Math.ceil(columns.seq.length * 1.5));
  for (const name of Object.keys(columns) as (keyof Columns)[]) next[name].set(columns[name]);
  return next;
}

function addAuthor(index: MessageIndex, peer: PeerId): Author {
  const number = index.freeAuthors.pop() ?? index.authorsBySlot.length;
  index.authorsBySlot[number] = peer;
  const author = { number, messages: 0 };
  index.authors.set(peer, author);
  return author;
}

function takeSlot(index: MessageIndex): number {
  const slot = index.freeSlots.pop() ?? index.slots++;
  if (slot >= index.columns.seq.length) index.columns = grown(index.columns);
  return slot;
}

/** The first of so many cells. */
function takeCells(cells: Cells, count: number): number {
  if (count === 0) return 0;
  const at = cells.free[count]?.pop() ?? cells.used;
  if (at === cells.used) cells.used += count;
  if (cells.used * MESSAGE_ID_BYTES > cells.bytes.length) {
    const larger = Buffer.alloc(Math.ceil(cells.bytes.length / MESSAGE_ID_BYTES / 2 + cells.used) * MESSAGE_ID_BYTES);
    larger.set(cells.bytes);
    cells.bytes = larger;
  }
  return at;
}

function readCells({ bytes }: Cells, at: number, length: number): MessageId[] {
  return Array.from({ length }, (_, offset) => {
    const from = (at + offset) * MESSAGE_ID_BYTES;
    return toHex(bytes.subarray(from, from + MESSAGE_ID_BYTES)) as MessageId;
  });
}

function freeCells(cells: Cells, at: number, length: number): void {
  if (length > 0) cells.free[length]?.push(at);
}

/** The place at which the search for an author's seq begins. */
function startOf({ places, salt }: MessageIndex, author: number, seq: number): number {
  return mix(mix(mix(salt ^ seq) ^ Math.floor(seq / 2 ** 32)) ^ author) & (places.length - 1);
}

/** Where the message of this slot stands, or another one with its author and seq, or the free place where it would stand. */
function placeOf(index: MessageIndex, slot: number): number {
  const { places, columns } = index;
  const [author, seq] = [columns.author[slot] as number, columns.seq[slot] as number];
  let at = startOf(index, author, seq);
  for (;;) {
    const other = places[at] as number;
    if (other < 0 || (columns.author[other] === author && columns.seq[other] === seq)) return at;
    at = (at + 1) & (places.length - 1);
  }
}

/** The slot that stands for this author and seq: that of the first message. A thousand messages with one seq cost no more than one. */
function addPlace(index: MessageIndex, slot: number): number {
  const at = placeOf(index, slot);
  if ((index.places[at] as number) < 0) index.places[at] = slot;
  return index.places[at] as number;
}

/** Those behind it move up, so that no gap hides them (Knuth, The Art of Computer Programming 3, §6.4, algorithm R). */
function removePlace(index: MessageIndex, slot: number): void {
  const { places, columns } = index;
  const mask = places.length - 1;
  let hole = placeOf(index, slot);
  if (places[hole] !== slot) return;
  for (let at = (hole + 1) & mask; (places[at] as number) >= 0; at = (at + 1) & mask) {
    const other = places[at] as number;
    const start = startOf(index, columns.author[other] as number, columns.seq[other] as number);
    // It may move into the hole unless its start lies cyclically after the hole.
    if (((at - start) & mask) < ((at - hole) & mask)) continue;
    places[hole] = other;
    hole = at;
  }
  places[hole] = -1;
}

function rebuildPlaces(index: MessageIndex): void {
  const old = index.places;
  index.places = new Int32Array(2 * old.length).fill(-1);
  for (const slot of old) if (slot >= 0) addPlace(index, slot);
}
