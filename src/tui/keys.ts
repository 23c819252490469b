/**
 * Bytes of a terminal -> keys. It knows xterm, VT220, rxvt, the Linux console and tmux. An unknown sequence is swallowed
 * whole, so that its bytes never land in the text.
 */

export type KeyName =
  | "enter"
  | "tab"
  | "backspace"
  | "delete"
  | "escape"
  | "up"
  | "down"
  | "left"
  | "right"
  | "home"
  | "end"
  | "page-up"
  | "page-down"
  | "focus-in"
  | "focus-out";

export type Key =
  /** Text to insert as it is; may be several graphemes when keys come fast. */
  | { readonly type: "text"; readonly text: string }
  /** Pasted between brackets; line ends are "\n". `tooLong`: it was longer than PASTE_LENGTH_MAX and is not kept. */
  | { readonly type: "paste"; readonly text: string; readonly tooLong: boolean }
  | { readonly type: "named"; readonly name: KeyName; readonly ctrl: boolean; readonly alt: boolean }
  /** Ctrl or Alt with a letter, lower case. */
  | { readonly type: "chord"; readonly letter: string; readonly ctrl: boolean; readonly alt: boolean };

/** UTF-16 units of a paste that are kept; a longer paste is reported as too long and dropped whole. */
export const PASTE_LENGTH_MAX = 65_536;
/** Units of an unfinished escape sequence that are kept; the rest of a longer one is dropped as it comes. */
const SEQUENCE_LENGTH_MAX = 64;
/** A lone ESC is the Escape key after this time without a further byte. */
export const ESCAPE_WAIT_MS = 50;
/** A paste without an end is given up after this time without a further byte. */
export const PASTE_WAIT_MS = 3_000;

/**
 * What bytes mean does not depend on where a read ends: an unfinished sequence or paste is held. Only what would never be
 * told apart otherwise is decided by time, and a paste has two ways out.
 */
export interface KeyDecoder {
  push(chunk: string): Key[];
  /** How long without a further byte until `flush` is to be called; undefined: nothing that is held ends by waiting. */
  waitMs(): number | undefined;
  /**
   * No more bytes came: a lone ESC is the Escape key, and a paste without an end is what came of it. If a Ctrl-C was the
   * last of it, that was typed, and follows it. Anything else goes on waiting.
   */
  flush(): Key[];
}

export function createKeyDecoder(): KeyDecoder {
  /** An unfinished escape sequence, or what may be the beginning of the end of a paste. BOUNDED: SEQUENCE_LENGTH_MAX. */
  let held = "";
  /** The sequence that is being read was longer than that. */
  let isDropping = false;
  /** BOUNDED: PASTE_LENGTH_MAX. */
  let paste: { text: string; tooLong: boolean } | undefined;

  function decode(chunk: string): Key[] {
    const keys: Key[] = [];
    let rest = held + chunk;
    held = "";
    while (rest.length > 0) {
      if (paste !== undefined) {
        const end = rest.indexOf(PASTE_END);
        // Without the end yet, hold back what may be the beginning of it.
        const upTo = end >= 0 ? end : rest.length - endingHeldBack(rest);
        takePaste(rest.slice(0, upTo));
        if (end < 0) {
          held = rest.slice(upTo);
          return keys;
        }
        rest = rest.slice(upTo + PASTE_END.length);
        keys.push(endPaste());
        continue;
      }
      if (isDropping) {
        const { length } = /^[ -?]*/.exec(rest)?.[0] ?? "";
        if (length === rest.length) return keys;
        isDropping = false;
        rest = rest.slice(/[@-~]/.test(rest[length] ?? "") ? length + 1 : length);
        continue;
      }
      if (rest.startsWith(PASTE_START)) {
        rest = rest.slice(PASTE_START.length);
        paste = { text: "", tooLong: false };
        continue;
      }
      const taken = takeKey(rest);
      if (taken === undefined) {
        isDropping = rest.length > SEQUENCE_LENGTH_MAX;
        held = isDropping ? "" : rest;
        return keys;
      }
      rest = rest.slice(taken.length);
      if (taken.key !== undefined) keys.push(taken.key);
    }
    return keys;
  }

  function takePaste(text: string): void {
    const before = paste?.text ?? "";
    const room = PASTE_LENGTH_MAX - before.length;
    paste = { text: before + text.slice(0, room), tooLong: (paste?.tooLong ?? false) || text.length > room };
  }

  function endPaste(): Key {
    const { text, tooLong } = paste ?? { text: "", tooLong: false };
    paste = undefined;
    return { type: "paste", text: tooLong ? "" : text.replaceAll("\r\n", "\n").replaceAll("\r", "\n"), tooLong };
  }

  /** The paste as it is; a Ctrl-C behind it is a key. */
  function giveUpPaste(isInterrupted: boolean): Key[] {
    held = "";
    if (isInterrupted && paste !== undefined) paste = { ...paste, text: paste.text.replace(/\x03$/, "") };
    return isInterrupted ? [endPaste(), INTERRUPT] : [endPaste()];
  }

  let isInterrupted = false;

  return {
    push(chunk) {
      // Nobody pastes it alone.
      if (paste !== undefined && chunk === "\x03") return giveUpPaste(true);
      const keys = decode(chunk);
      isInterrupted = paste !== undefined && chunk.endsWith("\x03");
      return keys;
    },
    waitMs() {
      if (paste !== undefined) return isInterrupted ? ESCAPE_WAIT_MS : PASTE_WAIT_MS;
      return /^\x1b+$/.test(held) ? ESCAPE_WAIT_MS : undefined;
    },
    flush() {
      if (paste !== undefined) return giveUpPaste(isInterrupted);
      if (!/^\x1b+$/.test(held)) return [];
      held = "";
      return [named("escape")];
    },
  };
}

// --- internal ---

const PASTE_START = "\x1b[200~";
const PASTE_END = "\x1b[201~";

const INTERRUPT: Key = { type: "chord", letter: "c", ctrl: true, alt: false };

/** Units at the end of `text` that may be the beginning of the end of a paste. */
function endingHeldBack(text: string): number {
  for (let length = Math.min(text.length, PASTE_END.length - 1); length > 0; length--) {
    if (PASTE_END.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

type Taken = { readonly length: number; readonly key: Key | undefined };

/** The first key of `input`; undefined: more is needed to tell. */
function takeKey(input: string): Taken | undefined {
  const code = input.charCodeAt(0);
  if (code === 0x1b) return takeEscape(input);
  if (code < 0x20 || code === 0x7f) return { length: 1, key: controlKey(code, false) };
  let end = 1;
  while (end < input.length && input.charCodeAt(end) >= 0x20 && input.charCodeAt(end) !== 0x7f) end++;
  // C1 controls are no text: some terminals send them for Alt.
  const text = input.slice(0, end).replace(/[\u0080-\u009f]+/g, "");
  return { length: end, key: text === "" ? undefined : { type: "text", text } };
}

function takeEscape(input: string): Taken | undefined {
  // Escape and then a paste, not a key of rxvt with Alt.
  if (input.startsWith(PASTE_START, 1)) return { length: 1, key: named("escape") };
  const csi = /^\x1b(\x1b?)\[(\[?[0-?]*)[ -/]*([@-Z\\-~])/.exec(input);
  if (csi !== null) return { length: csi[0].length, key: csiKey(csi[2] ?? "", csi[3] ?? "", csi[1] !== "") };
  const ss3 = /^\x1b(\x1b?)O([0-9;]*)([A-Za-z])/.exec(input);
  if (ss3 !== null) return { length: ss3[0].length, key: csiKey(ss3[2] ?? "", ss3[3] ?? "", ss3[1] !== "") };
  const [unfinished] = /^\x1b\x1b?(\[\[?[0-?]*[ -/]*|O[0-9;]*)?/.exec(input) ?? [""];
  if (unfinished.length === input.length) return undefined;
  // A control character in it, or what no sequence has: it comes to nothing, and what broke it is looked at by itself.
  if (unfinished.includes("[")) return { length: unfinished.length, key: undefined };
  const next = input.charCodeAt(1);
  if (next === 0x1b) return { length: 1, key: named("escape") };
  if (next < 0x20 || next === 0x7f) return { length: 2, key: controlKey(next, true) };
  const letter = String.fromCodePoint(input.codePointAt(1) ?? 0);
  return { length: 1 + letter.length, key: { type: "chord", letter: letter.toLowerCase(), ctrl: false, alt: true } };
}

function controlKey(code: number, alt: boolean): Key | undefined {
  if (code === 0x0d || code === 0x0a) return named("enter", false, alt);
  if (code === 0x09) return named("tab", false, alt);
  if (code === 0x7f || code === 0x08) return named("backspace", false, alt);
  if (code === 0 || code > 0x1a) return undefined;
  return { type: "chord", letter: String.fromCharCode(code + 0x60), ctrl: true, alt };
}

const FINAL_NAMES: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  a: "up",
  b: "down",
  c: "right",
  d: "left",
  M: "enter",
};
const NUMBER_NAMES: Readonly<Record<string, KeyName>> = {
  "1": "home",
  "3": "delete",
  "4": "end",
  "5": "page-up",
  "6": "page-down",
  "7": "home",
  "8": "end",
};

/** `parameters` and final byte of CSI and SS3 sequences; `alt`: sent with a second ESC before it, as rxvt does. */
function csiKey(parameters: string, final: string, alt: boolean): Key | undefined {
  if (parameters === "" && final === "I") return named("focus-in");
  if (parameters === "" && final === "O") return named("focus-out");
  // The Linux console's F1 to F5 (CSI [ A) and answers to questions (CSI ? 62 c): no keys of ours.
  if (/^[[<=>?]/.test(parameters)) return undefined;
  const [first = "", second = ""] = parameters.split(";");
  const bits = Math.max(0, Number.parseInt(second, 10) - 1) || 0;
  const isTilde = final === "~" || final === "^" || final === "$";
  const name = isTilde ? NUMBER_NAMES[first] : FINAL_NAMES[final];
  if (name === undefined) return undefined;
  return named(name, (bits & 4) !== 0 || final === "^" || /[a-d]/.test(final), alt || (bits & 2) !== 0);
}

function named(name: KeyName, ctrl = false, alt = false): Key {
  return { type: "named", name, ctrl, alt };
}
