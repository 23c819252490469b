/**
 * Finds where graphemes begin and end (UAX 29) around a place in a text. The cost depends on the part that is looked at,
 * never on the length of the text.
 *
 * Each step of `Intl.Segmenter` takes time in proportion to the whole text, so a text of 64 KiB would take seconds. So it
 * only gets short windows here, and simple text passes without it.
 */

/** A cluster may have any length: UAX 29 names no bound. Of a longer one than this each code point counts by itself. */
export const CLUSTER_UNITS_MAX = 32;

/** The ends of the graphemes in `[from, to)`, one after another. A grapheme begins at `from`. */
export function* clusterEnds(text: string, from = 0, to = text.length): Generator<number, void, undefined> {
  let at = from;
  while (at < to) {
    const end = plainEnd(text, at, to);
    if (end > at) {
      at = end;
      yield at;
      continue;
    }
    for (const next of windowEnds(text, at, to)) {
      at = next;
      yield at;
    }
  }
}

/** The last place before `offset` where a grapheme begins; 0 at the start of the text. */
export function placeBefore(text: string, offset: number): number {
  let before = anchorBefore(text, Math.min(offset, text.length) - 1);
  for (const end of clusterEnds(text, before)) {
    if (end >= offset) break;
    before = end;
  }
  return before;
}

/** The last place at or before `offset` where a grapheme begins, or the end of the text. */
export function placeUpTo(text: string, offset: number): number {
  return offset >= text.length ? text.length : placeBefore(text, offset + 1);
}

/** The first place at or after `offset` where a grapheme ends, or the start of the text. */
export function placeFrom(text: string, offset: number): number {
  if (offset <= 0) return 0;
  const anchor = anchorBefore(text, Math.min(offset, text.length));
  if (anchor === offset) return offset;
  for (const end of clusterEnds(text, anchor)) if (end >= offset) return end;
  return text.length;
}

/** The first place after `offset` where a grapheme ends; the length at the end of the text. */
export function placeAfter(text: string, offset: number): number {
  return placeFrom(text, offset + 1);
}

// --- internal ---

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Units that the segmenter gets at once: several clusters, since setting out costs it as much as ten of them. */
const WINDOW_UNITS = 4 * CLUSTER_UNITS_MAX;
/** Units looked back for a place where a grapheme surely begins. */
const BACK_UNITS_MAX = 8 * CLUSTER_UNITS_MAX;
/** Plain characters ahead that are worth leaving the segmenter for. */
const PLAIN_AHEAD = 12;

/** Neither mark, joiner, part of a syllable nor control: joins no neighbour but marks behind it. */
const PLAIN = 1;
/** Joins whatever stands before it, but a control. */
const MARK = 2;
/** Joins nothing on either side. */
const CONTROL = 3;

type Range = readonly [from: number, to: number];

/** Whatever does not stand in these is left to the segmenter. */
const PLAIN_RANGES: readonly Range[] = [
  [0x20, 0x7e],
  [0xa1, 0xa8],
  [0xaa, 0xac],
  [0xaf, 0x2ff],
  [0x370, 0x482],
  [0x48a, 0x58f],
  [0x5d0, 0x5ea],
  [0x620, 0x64a],
  [0x660, 0x66f],
  [0x671, 0x6d3],
  [0xe01, 0xe30],
  [0xe40, 0xe46],
  [0x10a0, 0x10ff],
  [0x1e00, 0x1fff],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x20a0, 0x20c0],
  [0x2190, 0x23ff],
  [0x2500, 0x2bff],
  [0x3000, 0x3029],
  [0x3041, 0x3096],
  [0x309b, 0x30ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xff01, 0xff60],
];
const MARK_RANGES: readonly Range[] = [
  [0x300, 0x36f],
  [0x483, 0x489],
  [0x591, 0x5bd],
  [0x64b, 0x65f],
  [0xe31, 0xe31],
  [0xe34, 0xe3a],
  [0xe47, 0xe4e],
  [0x1dc0, 0x1dff],
  [0x20d0, 0x20f0],
  [0x3099, 0x309a],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
];
/** Without CR, which a LF may follow. */
const CONTROL_RANGES: readonly Range[] = [
  [0x00, 0x0c],
  [0x0e, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
];

/** Of UTF-16 units. */
const classOf = new Uint8Array(0x10000);
for (const [from, to] of PLAIN_RANGES) classOf.fill(PLAIN, from, to + 1);
for (const [from, to] of MARK_RANGES) classOf.fill(MARK, from, to + 1);
for (const [from, to] of CONTROL_RANGES) classOf.fill(CONTROL, from, to + 1);

/** Of the character at `at`, 0 if it is none of these. Past the end of the text it is undefined. */
function classAt(text: string, at: number): number | undefined {
  const unit = text.charCodeAt(at);
  return isHigh(unit) && isPlainPair(text.codePointAt(at) ?? 0) ? PLAIN : classOf[unit];
}

/** Emoji that join nothing by themselves, without the flags and the skin tones, and rare ideographs. */
function isPlainPair(code: number): boolean {
  if (code >= 0x1f300 && code <= 0x1f6ff) return code < 0x1f3fb || code > 0x1f3ff;
  return (code >= 0x1f900 && code <= 0x1f9ff) || (code >= 0x20000 && code <= 0x2a6df);
}

/** The end of the cluster at `at` if no more than the table is needed to tell, else `at`. */
function plainEnd(text: string, at: number, to: number): number {
  const kind = classAt(text, at);
  if (kind === CONTROL) return at + 1;
  if (kind !== PLAIN) return at;
  let end = at + (isHigh(text.charCodeAt(at)) ? 2 : 1);
  while (end < to && classAt(text, end) === MARK) end++;
  if (end - at > CLUSTER_UNITS_MAX) return at;
  if (end >= to) return to;
  const next = classAt(text, end);
  return next === PLAIN || next === CONTROL ? end : at;
}

/** The ends of the clusters in the window at `at`, one of them at least. */
function windowEnds(text: string, from: number, to: number): number[] {
  const ends: number[] = [];
  const cut = from + WINDOW_UNITS;
  const edge = cut >= to ? to : isInsidePair(text, cut) ? cut - 1 : cut;
  let at = from;
  for (const { segment } of segmenter.segment(text.slice(from, edge))) {
    const end = at + segment.length;
    // What touches the edge may go on behind it: it is looked at again from its own beginning.
    if (end === edge && edge < to && at > from) break;
    const isTooLong = end - at > CLUSTER_UNITS_MAX;
    while (at < end) {
      at = isTooLong ? at + (isInsidePair(text, at + 1) ? 2 : 1) : end;
      ends.push(at);
    }
    if (isPlainAhead(text, at)) break;
  }
  return ends;
}

function isPlainAhead(text: string, at: number): boolean {
  for (let i = at; i < at + PLAIN_AHEAD; i++) if (classOf[text.charCodeAt(i)] !== PLAIN) return false;
  return true;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function isInsidePair(text: string, at: number): boolean {
  return isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1));
}

/**
 * A place at or before `offset` from which segmenting finds the places that it finds from the start of the text. Inside of
 * clusters without end, which no reader could tell apart, it may find others.
 */
function anchorBefore(text: string, offset: number): number {
  const least = Math.max(0, offset - BACK_UNITS_MAX);
  for (let at = offset; at > least; at--) if (isSurePlace(text, at)) return at;
  if (least === 0) return 0;
  const at = isInsidePair(text, least) ? least - 1 : least;
  return at - 2 * (regionalIndicatorsBefore(text, at) % 2);
}

/** Whether a grapheme begins at `at` whatever stands further to the left. */
function isSurePlace(text: string, at: number): boolean {
  const before = classAt(text, isInsidePair(text, at - 1) ? at - 2 : at - 1);
  if (before === CONTROL) return true;
  return classAt(text, at) === PLAIN && (before === PLAIN || before === MARK);
}

/** Flags are pairs of these: which two belong together is told by where their row begins. */
function regionalIndicatorsBefore(text: string, at: number): number {
  let count = 0;
  for (let low = at - 1; low > 0; low -= 2) {
    const unit = text.charCodeAt(low);
    if (text.charCodeAt(low - 1) !== 0xd83c || unit < 0xdde6 || unit > 0xddff) break;
    count++;
  }
  return count;
}
