/** Colours and weights of the screen, as SGR sequences. There are none if the terminal or NO_COLOR says so. */
import type { PeerId } from "../wire/ids.ts";

/** A piece of text in one style; `style` is an SGR sequence or "". */
export type Span = { readonly text: string; readonly style: string };

export type Palette = {
  readonly dim: string;
  readonly bold: string;
  readonly error: string;
  readonly accent: string;
  readonly inverse: string;
  /** The colour of a key, the same on every screen with this number of colours. */
  nick(id: PeerId): string;
};

/** `colorDepth` in bits as `tty.WriteStream.getColorDepth()` gives it: 1 none, 4 sixteen colours, 8 and more 256. */
export function createPalette(colorDepth: number): Palette {
  const nickColors = colorDepth >= 8 ? NICKS_256 : colorDepth >= 4 ? NICKS_16 : [];
  return {
    dim: "\x1b[2m",
    bold: "\x1b[1m",
    error: colorDepth >= 4 ? "\x1b[31m" : "\x1b[1m",
    inverse: "\x1b[7m",
    accent: colorDepth >= 4 ? "\x1b[33m" : "\x1b[1m",
    nick: (id) => nickColors[Number.parseInt(id.slice(0, 8), 16) % nickColors.length] ?? "\x1b[1m",
  };
}

export function paintSpan({ text, style }: Span): string {
  return style === "" || text === "" ? text : `${style}${text}\x1b[0m`;
}

// --- internal ---

// Readable on black and on white; red is left to errors.
const NICKS_16 = [32, 33, 34, 35, 36, 92, 94, 95, 96].map((code) => `\x1b[${code}m`);
const NICKS_256 = [28, 31, 61, 64, 67, 70, 73, 97, 101, 103, 109, 130, 132, 136, 139, 166, 168, 172].map(
  (code) => `\x1b[38;5;${code}m`,
);
