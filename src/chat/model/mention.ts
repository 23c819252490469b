/** Tells whether a text calls somebody. */

/** Whether `nick` stands in `text` as a word of its own, case apart. */
export function isMentioned(text: string, nick: string): boolean {
  const said = text.toLowerCase();
  const wanted = nick.toLowerCase();
  if (wanted === "") return false;
  for (let at = said.indexOf(wanted); at >= 0; at = said.indexOf(wanted, at + 1)) {
    // A surrogate pair before or behind it is looked at whole.
    const before = said.slice(Math.max(0, at - 2), at);
    const behind = said.slice(at + wanted.length, at + wanted.length + 2);
    if (!/[\p{L}\p{N}_]$/u.test(before) && !/^[\p{L}\p{M}\p{N}_]/u.test(behind)) return true;
  }
  return false;
}
