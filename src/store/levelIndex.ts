/**
 * The index of messages in a database: which leaves (leaves.ts) are to be written together with a change of messages, and how the
 * whole is made from the messages where there is none, or a damaged one.
 */
import { rowOf } from "../protocol/log/indexRows.ts";
import { MESSAGE_ID_BYTES } from "../wire/ids.ts";
import { changeLeaves, encodeLeaf, LEAF_ROWS_MAX, type Leaves, leavesOf } from "./leaves.ts";
import { LEAF_TYPE, type Level, MESSAGE_TYPE, nameOf, prefixOf, rangeOf, SCAN } from "./levelFormat.ts";

/**
 * What is known of the index of each room, by the room's id in latin1. BOUNDED: rooms that were open. One that is not here is read
 * from disk when it is needed.
 */
export type DiskIndex = Map<string, RoomIndex>;
/** `last`: what stands in the last leaf, as most that comes goes there. */
type RoomIndex = { readonly leaves: Leaves; last: Uint8Array | undefined };

/** What becomes of messages, by key, in latin1; a value of undefined is deleted. */
export type Changed = ReadonlyMap<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>;

export type Step =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

/** A leaf of this room is not what was written. */
export class IndexDamage extends Error {
  readonly room: Uint8Array;

  constructor(room: Uint8Array) {
    super("the index is damaged");
    this.room = room;
  }
}

/**
 * What is known says from now on what is so once the steps are done; if they fail it is to be forgotten. Rejects with an
 * IndexDamage.
 */
export async function indexSteps(level: Level, index: DiskIndex, changed: Changed): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const [name, rows] of rowsByRoom(changed)) {
    const room = Buffer.from(name, "latin1");
    const prefix = prefixOf(LEAF_TYPE, room);
    const keyOfLeaf = (first: string): Uint8Array => Buffer.concat([prefix, Buffer.from(first, "latin1")]);
    const known = index.get(name) ?? (await readRoomIndex(level, prefix));
    index.set(name, known);
    const { leaves } = known;
    const lastBefore = leaves.at(-1);
    const read = new Map<string, Uint8Array | undefined>();
    const toRead = leavesOf(leaves, rows).filter((first) => {
      if (first !== lastBefore || known.last === undefined) return true;
      read.set(first, known.last);
      return false;
    });
    const found = toRead.length === 0 ? [] : await level.getMany(toRead.map(keyOfLeaf));
    for (const [at, first] of toRead.entries()) read.set(first, found[at]);
    const changes = changeLeaves(leaves, read, rows);
    if (changes === undefined) throw new IndexDamage(room);
    for (const first of changes.dels) steps.push({ type: "del", key: keyOfLeaf(first) });
    for (const [first, value] of changes.puts) steps.push({ type: "put", key: keyOfLeaf(first), value });
    const last = leaves.at(-1);
    const written = changes.puts.find(([first]) => first === last)?.[1];
    known.last = written ?? (last === lastBefore ? known.last : undefined);
  }
  return steps;
}

/** Makes the index of every room anew, or of one, from the messages. */
export async function buildIndex(level: Level, room?: Uint8Array): Promise<void> {
  const of = (type: number) =>
    room === undefined ? { gte: Uint8Array.of(type), lt: Uint8Array.of(type + 1) } : rangeOf(prefixOf(type, room));
  await level.clear(of(LEAF_TYPE));
  const batch: Step[] = [];
  let key: Uint8Array | undefined;
  let rows: Uint8Array[] = [];
  const finish = (): void => {
    if (key !== undefined) batch.push({ type: "put", key, value: encodeLeaf(rows) });
    key = undefined;
    rows = [];
  };
  const messages = level.iterator({ ...of(MESSAGE_TYPE), ...SCAN });
  for (
    let some = await messages.nextv(MESSAGES_AT_ONCE);
    some.length > 0;
    some = await messages.nextv(MESSAGES_AT_ONCE)
  ) {
    for (const [messageKey, bytes] of some) {
      const row = rowOf(messageKey.subarray(-MESSAGE_ID_BYTES), bytes);
      if (row === undefined) continue;
      if (rows.length === LEAF_ROWS_MAX || (key !== undefined && !isSameRoom(key, messageKey))) finish();
      key ??= Uint8Array.of(LEAF_TYPE, ...messageKey.subarray(1));
      rows.push(row);
    }
    if (batch.length > 0) await level.batch(batch.splice(0), { sync: false });
  }
  await messages.close();
  finish();
  if (batch.length > 0) await level.batch(batch, { sync: true });
}

// --- internal ---

const MESSAGES_AT_ONCE = 1_000;

function rowsByRoom(changed: Changed): Map<string, Map<string, Uint8Array | undefined>> {
  const byRoom = new Map<string, Map<string, Uint8Array | undefined>>();
  for (const [name, { key, value }] of changed) {
    const room = name.slice(1, -MESSAGE_ID_BYTES);
    const row = value && rowOf(key.subarray(-MESSAGE_ID_BYTES), value);
    // What is no message is in no index.
    if (value !== undefined && row === undefined) continue;
    const rows = byRoom.get(room) ?? new Map<string, Uint8Array | undefined>();
    byRoom.set(room, rows.set(name.slice(-MESSAGE_ID_BYTES), row));
  }
  return byRoom;
}

async function readRoomIndex(level: Level, prefix: Uint8Array): Promise<RoomIndex> {
  const keys = await level.keys(rangeOf(prefix)).all();
  return { leaves: keys.map((key) => nameOf(key).slice(-MESSAGE_ID_BYTES)), last: undefined };
}

function isSameRoom(key: Uint8Array, other: Uint8Array): boolean {
  return nameOf(key).slice(1, -MESSAGE_ID_BYTES) === nameOf(other).slice(1, -MESSAGE_ID_BYTES);
}
