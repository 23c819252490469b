/**
 * The index of a room on disk: rows (protocol/log/indexRows.ts) in the order of their ids, in leaves of a few each, as those of a
 * B+ tree. A leaf stands under the id of its first row. It is written in one batch with the messages it tells of, so the two
 * never differ; a start reads the leaves alone.
 *
 * What is said now goes into the last leaf, which is written anew with every batch. So a leaf is small.
 */
import { blake2b } from "../crypto/hash.ts";
import { nextRow, rowStarts } from "../protocol/log/indexRows.ts";
import { MESSAGE_ID_BYTES } from "../wire/ids.ts";

/** The ids of the first rows, ascending, in latin1, which sorts as bytes do. BOUNDED: by the messages of the room. */
export type Leaves = string[];

/** What becomes of ids (latin1): the row of each that comes, undefined for one that goes. */
export type RowChanges = ReadonlyMap<string, Uint8Array | undefined>;

export type LeafChanges = {
  readonly puts: readonly (readonly [first: string, leaf: Uint8Array])[];
  readonly dels: readonly string[];
};

/** Rows of one leaf. */
export const LEAF_ROWS_MAX = 32;

/** The leaves that the changes concern: they are to be read first. */
export function leavesOf(leaves: readonly string[], changes: RowChanges): string[] {
  const places = new Set([...changes.keys()].map((id) => placeOf(leaves, id)));
  return [...places].filter((at) => at >= 0).map((at) => leaves[at] as string);
}

/** `read`: what stands in each of `leavesOf`; `leaves` become what they are then. Undefined: one of them is damaged. */
export function changeLeaves(
  leaves: Leaves,
  read: ReadonlyMap<string, Uint8Array | undefined>,
  changes: RowChanges,
): LeafChanges | undefined {
  const byLeaf = new Map<number, Change[]>();
  for (const change of changes) {
    const at = placeOf(leaves, change[0]);
    const known = byLeaf.get(at);
    if (known === undefined) byLeaf.set(at, [change]);
    else known.push(change);
  }
  const lastAt = leaves.length - 1;
  const puts: [string, Uint8Array][] = [];
  const dels: string[] = [];
  // From the last on, so that places stay what they are.
  for (const at of [...byLeaf.keys()].sort((a, b) => b - a)) {
    const old = leaves[at];
    const rows = old === undefined ? [] : readRows(read.get(old));
    if (rows === undefined) return undefined;
    const changed = changeRows(rows, byLeaf.get(at) as Change[]);
    if (changed === undefined) continue;
    const parts = split(changed, at === lastAt, at <= 0);
    const firsts = parts.map(([first]) => (first as Row)[0]);
    if (old !== undefined && !firsts.includes(old)) dels.push(old);
    for (const [place, part] of parts.entries()) {
      // A full leaf to which more was appended stays as it is.
      const isOld = place === 0 && part.length === rows.length && isAppended(rows, changed);
      if (!isOld) puts.push([firsts[place] as string, encodeLeaf(part.map(([, row]) => row))]);
    }
    leaves.splice(Math.max(at, 0), old === undefined ? 0 : 1, ...firsts);
  }
  return { puts, dels };
}

/** `rows`: whole ones. */
export function encodeLeaf(rows: readonly Uint8Array[]): Uint8Array {
  const whole = Buffer.concat([new Uint8Array(CHECKSUM_BYTES), ...rows]);
  whole.set(blake2b(whole.subarray(CHECKSUM_BYTES), CHECKSUM_BYTES));
  return whole;
}

/** Its rows; undefined: it is not what was written. */
export function decodeLeaf(leaf: Uint8Array): Uint8Array | undefined {
  const rows = leaf.subarray(CHECKSUM_BYTES);
  if (leaf.length <= CHECKSUM_BYTES) return undefined;
  const isWhole = Buffer.compare(blake2b(rows, CHECKSUM_BYTES), leaf.subarray(0, CHECKSUM_BYTES)) === 0;
  return isWhole && rowStarts(rows) !== undefined ? rows : undefined;
}

// --- internal ---

const CHECKSUM_BYTES = 16;

type Row = readonly [id: string, row: Uint8Array];
type Change = readonly [id: string, row: Uint8Array | undefined];

/** Undefined: they say what is so already. */
function changeRows(rows: readonly Row[], changes: readonly Change[]): readonly Row[] | undefined {
  const last = rows.at(-1)?.[0] ?? "";
  if (changes.every(([id, row], at) => row !== undefined && id > (changes[at - 1]?.[0] ?? last)))
    return [...rows, ...(changes as readonly Row[])];
  const byId = new Map(rows);
  let isChanged = false;
  for (const [id, row] of changes) {
    isChanged = (row === undefined ? byId.delete(id) : !isSame(byId.get(id), row)) || isChanged;
    if (row !== undefined) byId.set(id, row);
  }
  return isChanged ? [...byId].sort(([a], [b]) => (a < b ? -1 : 1)) : undefined;
}

function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

function isAppended(rows: readonly Row[], changed: readonly Row[]): boolean {
  return rows.length > 0 && changed.length > rows.length && changed[rows.length - 1] === rows.at(-1);
}

/** The leaf that an id belongs to: the last that does not begin above it, or the first. -1: there is none. */
function placeOf(leaves: readonly string[], id: string): number {
  let [low, high] = [0, leaves.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((leaves[middle] as string) <= id) low = middle + 1;
    else high = middle;
  }
  return leaves.length === 0 ? -1 : Math.max(low - 1, 0);
}

function readRows(leaf: Uint8Array | undefined): Row[] | undefined {
  const bytes = leaf && decodeLeaf(leaf);
  if (bytes === undefined) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return (rowStarts(buffer) ?? []).map((at) => [
    buffer.toString("latin1", at, at + MESSAGE_ID_BYTES),
    buffer.subarray(at, nextRow(buffer, at)),
  ]);
}

/** People talk upwards, and history is fetched downwards: then leaves stay full. */
function split(rows: readonly Row[], isLast: boolean, isFirst: boolean): Row[][] {
  const parts = Math.ceil(rows.length / LEAF_ROWS_MAX);
  const sizeOfFirst = isLast ? LEAF_ROWS_MAX : isFirst ? rows.length - (parts - 1) * LEAF_ROWS_MAX : 0;
  if (parts <= 1) return rows.length === 0 ? [] : [[...rows]];
  const split: Row[][] = [];
  const size = isLast || isFirst ? LEAF_ROWS_MAX : Math.ceil(rows.length / parts);
  let from = 0;
  for (let to = sizeOfFirst || size; from < rows.length; from = to, to += size) split.push(rows.slice(from, to));
  return split;
}
