/**
 * Checks a history file with nothing but the file: who said what, in which order, and whether anything in between is missing.
 * No key is needed. A signature covers the id of the room, which the header names.
 *
 * What is missing shows in two ways. A message names its parents, so whatever was seen before it is asked for, directly or through
 * others. And an author counts: what lacks a number was said and is not here. But the numbers of a process start begin at its
 * clock, in ms, so a leap to a later time may be a new start and nothing lost.
 */
import { verifyMessage } from "../../crypto/signed.ts";
import { viewMessage } from "../../protocol/log/intake.ts";
import type { Author, Message } from "../../protocol/views.ts";
import { fromHex, MESSAGE_ID_BYTES, type MessageId, type PeerId } from "../../wire/ids.ts";
import type { HistoryRoom } from "./format.ts";
import { type BadLine, type HistoryInput, readHistory } from "./reader.ts";

export type VerifyItem =
  | { readonly type: "header"; readonly room: HistoryRoom }
  /** Its signature is good. */
  | { readonly type: "message"; readonly line: number; readonly message: Message }
  | BadLine
  /** The last. */
  | { readonly type: "summary"; readonly summary: HistorySummary };

export type HistorySummary = {
  /** Undefined: this is no history file, or nothing of it can be checked. */
  readonly room: HistoryRoom | undefined;
  /** Those whose signatures are good. */
  readonly messages: number;
  /** Of these, so many whose authors have deleted them. */
  readonly erased: number;
  /** In the order of their first messages. */
  readonly authors: readonly AuthorSummary[];
  /** Lines with something wrong. */
  readonly bad: number;
  /** Messages that others name as their parents and that are not in the file. */
  readonly missingParents: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
};

export type AuthorSummary = {
  readonly author: Author;
  readonly messages: number;
  /** Numbers that are missing, by the first GAPS_TOLD_MAX gaps. */
  readonly gaps: readonly Gap[];
  readonly missing: number;
  /** Numbers that two messages bear: the key is in use twice. */
  readonly forked: number;
};

/** So many are missing between two messages of the author. */
export type Gap = { readonly after: Place; readonly before: Place; readonly missing: number };
export type Place = { readonly line: number; readonly seq: number };

/** Gaps of one author that are told one by one. */
export const GAPS_TOLD_MAX = 20;

/** Rejects with what reading `input` rejects with, and with nothing else. */
export async function* verifyHistory(input: HistoryInput): AsyncGenerator<VerifyItem, void, void> {
  const state: State = {
    room: undefined,
    known: createIds(),
    late: new Set(),
    missing: new Set(),
    authors: new Map(),
    messages: 0,
    erased: 0,
    bad: 0,
    newest: "",
    first: undefined,
    last: undefined,
  };
  for await (const item of readHistory(input)) {
    if (item.type === "header") {
      state.room = item.room;
      yield { type: "header", room: item.room };
      continue;
    }
    if (item.type === "bad") {
      // Whatever is wrong with a line is told there: the sum says no more.
      if (item.trouble.code === "wrong-checksum" && state.bad > 0) continue;
      state.bad += 1;
      yield item;
      continue;
    }
    const { line, message } = item;
    if (!verifyMessage(state.room as HistoryRoom, message)) {
      state.bad += 1;
      yield {
        type: "bad",
        line,
        trouble: { code: message.content.erasure === undefined ? "bad-signature" : "bad-erasure" },
      };
      continue;
    }
    const isTwice = isIn(state, message.id);
    if (isTwice || message.id < state.newest) {
      state.bad += 1;
      yield { type: "bad", line, trouble: { code: isTwice ? "twice" : "not-ascending" } };
    }
    if (isTwice) continue;
    const view = viewMessage(message, NOBODY, true);
    note(state, view, line);
    yield { type: "message", line, message: view };
  }
  yield { type: "summary", summary: summaryOf(state) };
}

/** Nothing is wrong. What is missing is not wrong: a room keeps so much and no more. */
export function isGood({ room, bad }: HistorySummary): boolean {
  return room !== undefined && bad === 0;
}

// --- internal ---

const NOBODY = "" as PeerId;
/** No process is started anew, and says what it was to say, within so few milliseconds. */
const START_NUMBERS_LEAST = 100;
/** So far the stamp of a message may be above the clock of its author's machine. */
const CLOCK_LIFT_MS = 300_000;

type State = {
  room: HistoryRoom | undefined;
  /** BOUNDED: by the messages of the file, 24 bytes each. */
  readonly known: Ids;
  /** BOUNDED: by the messages that stand after a newer one. */
  readonly late: Set<MessageId>;
  /** BOUNDED: by the messages of the file, PARENTS_MAX each. */
  readonly missing: Set<MessageId>;
  /** BOUNDED: by the authors in the file. */
  readonly authors: Map<PeerId, Counted>;
  messages: number;
  erased: number;
  bad: number;
  newest: MessageId | "";
  first: number | undefined;
  last: number | undefined;
};

type Counted = {
  author: Author;
  messages: number;
  /** BOUNDED: GAPS_TOLD_MAX. */
  readonly gaps: Gap[];
  missing: number;
  forked: number;
  /** Of the message with the highest number. */
  last: Place;
  time: number;
};

function isIn({ known, late }: State, id: MessageId): boolean {
  return late.has(id) || hasId(known, id);
}

function note(state: State, { id, author, seq, time, parents, erased }: Message, line: number): void {
  state.messages += 1;
  if (erased) state.erased += 1;
  state.first = Math.min(state.first ?? time, time);
  state.last = Math.max(state.last ?? time, time);
  if (id < state.newest) state.late.add(id);
  else {
    addId(state.known, id);
    state.newest = id;
  }
  state.missing.delete(id);
  for (const parent of parents) if (!isIn(state, parent)) state.missing.add(parent);
  const counted = state.authors.get(author.id);
  if (counted === undefined) {
    const nothing = { messages: 1, gaps: [], missing: 0, forked: 0 };
    state.authors.set(author.id, { author, ...nothing, last: { line, seq }, time });
    return;
  }
  // What this version cannot read says no nick.
  if (author.nick !== "") counted.author = author;
  counted.messages += 1;
  countOn(counted, { line, seq }, time);
}

function countOn(counted: Counted, place: Place, time: number): void {
  const { last } = counted;
  const missing = place.seq - last.seq - 1;
  if (place.seq === last.seq) counted.forked += 1;
  if (missing > 0 && !mayBeStart(counted, place.seq, missing)) {
    counted.missing += missing;
    if (counted.gaps.length < GAPS_TOLD_MAX) counted.gaps.push({ after: last, before: place, missing });
  }
  if (place.seq > last.seq) counted.last = place;
  counted.time = Math.max(time, counted.time);
}

/** The number may be the clock at a new start, after the last message. */
function mayBeStart({ time }: Counted, seq: number, missing: number): boolean {
  return missing >= START_NUMBERS_LEAST && seq >= time - CLOCK_LIFT_MS;
}

function summaryOf({ room, messages, erased, authors, bad, missing, first, last }: State): HistorySummary {
  const counted = [...authors.values()].map(({ last: _, time: __, ...author }) => author);
  return { room, messages, erased, authors: counted, bad, missingParents: missing.size, first, last };
}

// --- ids, ascending, as bytes ---

type Ids = { bytes: Buffer; count: number };

const IDS_FIRST = 1_024;

function createIds(): Ids {
  return { bytes: Buffer.alloc(IDS_FIRST * MESSAGE_ID_BYTES), count: 0 };
}

/** Above all that are there. */
function addId(ids: Ids, id: MessageId): void {
  const at = ids.count * MESSAGE_ID_BYTES;
  if (at === ids.bytes.length) ids.bytes = Buffer.concat([ids.bytes, Buffer.alloc(ids.bytes.length)]);
  ids.bytes.set(fromHex(id), at);
  ids.count += 1;
}

function hasId({ bytes, count }: Ids, id: MessageId): boolean {
  const wanted = fromHex(id);
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = middle * MESSAGE_ID_BYTES;
    const order = bytes.compare(wanted, 0, MESSAGE_ID_BYTES, at, at + MESSAGE_ID_BYTES);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}
