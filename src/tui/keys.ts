/**
 * What a terminal sends -> keys. Covers xterm, VT220, rxvt, the Linux console and tmux; a sequence that is none of
 * theirs is swallowed whole, so that its bytes never land in the text.
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
/** Units of an unfinished escape sequence that are kept before it is given up. */
const SEQUENCE_LENGTH_MAX = 64;

export interface KeyDecoder {
  push(chunk: string): Key[];
  /** An unfinished sequence is waiting: a lone ESC is the Escape key if nothing follows in about 50 ms. */
  pending(): boolean;
  /** Gives up waiting. */
  flush(): Key[];
}

export function createKeyDecoder(): KeyDecoder {
  let rest = "";
  let paste: { text: string; tooLong: boolean } | undefined;

  function decode(final: boolean): Key[] {
    const keys: Key[] = [];
    while (rest.length > 0) {
      if (paste !== undefined) {
        const end = rest.indexOf(PASTE_END);
        // Without the end yet, hold back what may be the beginning of it.
        const upTo = end >= 0 ? end : Math.max(0, rest.length - PASTE_END.length + 1);
        const room = PASTE_LENGTH_MAX - paste.text.length;
        paste = { text: paste.text + rest.slice(0, Math.min(upTo, room)), tooLong: paste.tooLong || upTo > room };
        rest = rest.slice(upTo);
        if (end < 0) return keys;
        rest = rest.slice(PASTE_END.length);
        const text = paste.tooLong ? "" : paste.text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
        keys.push({ type: "paste", text, tooLong: paste.tooLong });
        paste = undefined;
        continue;
      }
      if (rest.startsWith(PASTE_START)) {
        rest = rest.slice(PASTE_START.length);
        paste = { text: "", tooLong: false };
        continue;
      }
      const taken = takeKey(rest, final);
      if (taken === undefined) return keys;
      rest = rest.slice(taken.length);
      if (taken.key !== undefined) keys.push(taken.key);
    }
    return keys;
  }

  return {
    push(chunk) {
      rest += chunk;
      return decode(rest.length > SEQUENCE_LENGTH_MAX && paste === undefined);
    },
    pending: () => rest.length > 0 && paste === undefined,
    flush: () => decode(true),
  };
}

// --- internal ---

const PASTE_START = "\x1b[200~";
const PASTE_END = "\x1b[201~";

type Taken = { readonly length: number; readonly key: Key | undefined };

/** The first key of `input`; undefined: more is needed to tell (never when `final`). */
function takeKey(input: string, final: boolean): Taken | undefined {
  const code = input.charCodeAt(0);
  if (code === 0x1b) return takeEscape(input, final);
  if (code < 0x20 || code === 0x7f) return { length: 1, key: controlKey(code, false) };
  let end = 1;
  while (end < input.length && input.charCodeAt(end) >= 0x20 && input.charCodeAt(end) !== 0x7f) end++;
  // C1 controls are no text: some terminals send them for Alt.
  const text = input.slice(0, end).replace(/[\u0080-\u009f]/g, "");
  return { length: end, key: text === "" ? undefined : { type: "text", text } };
}

function takeEscape(input: string, final: boolean): Taken | undefined {
  if (input.length === 1) return final ? { length: 1, key: named("escape") } : undefined;
  const csi = /^\x1b(\x1b?)\[(\[?[0-?]*)[ -/]*([@-Z\\-~])/.exec(input);
  if (csi !== null) return { length: csi[0].length, key: csiKey(csi[2] ?? "", csi[3] ?? "", csi[1] !== "") };
  const ss3 = /^\x1b(\x1b?)O([0-9;]*)([A-Za-z])/.exec(input);
  if (ss3 !== null) return { length: ss3[0].length, key: csiKey(ss3[2] ?? "", ss3[3] ?? "", ss3[1] !== "") };
  if (/^\x1b\x1b?(\[\[?[0-?]*[ -/]*|O[0-9;]*)?$/.test(input)) {
    if (!final) return undefined;
    if (input === "\x1bO" || input === "\x1b[") return { length: 2, key: undefined };
    return { length: input.length, key: input === "\x1b\x1b" ? named("escape") : undefined };
  }
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
