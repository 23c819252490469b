/**
 * Keeps keys out of lines for people. An invite holds the key of its room, so only its first characters are printed. They
 * show which invite was meant, and open nothing.
 */

/** For any line: cuts what begins like an invite and is long enough to hold a part of a key. */
export function concealInvites(text: string): string {
  return text.replace(/(smplchat:[A-Za-z0-9_-]{2})[A-Za-z0-9_-]{7,}/gi, "$1…");
}

/** For a text that should have been an invite, however mangled: behind the prefix, or long enough without one. */
export function concealInvite(text: string): string {
  return text.replace(/(smplchat:.{2}).{7,}/is, "$1…").replace(/([A-Za-z0-9_-]{2})[A-Za-z0-9_-]{38,}/g, "$1…");
}
