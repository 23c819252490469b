/** Texts as they are searched: what differs in case or in the way it is composed alone is the same. */

/**
 * On one line. Case is folded by way of the capitals, as `ß` and `SS` are one (Unicode Standard §5.18), and what is composed of
 * marks is brought into one form (NFC).
 */
export function foldText(text: string): string {
  const line = text.replace(LINE_ENDS, " ");
  if (ASCII.test(line)) return line.toLowerCase();
  const folded = line.toUpperCase().toLowerCase().replaceAll("ς", "σ");
  // Composing takes the square of the number of marks in a row: nobody writes so many, but somebody may send them.
  return MANY_MARKS.test(folded) ? folded : folded.normalize("NFC");
}

// --- internal ---

const LINE_ENDS = /[\n\r\u2028\u2029]/g;
const ASCII = /^[\u0000-\u007f]*$/;
/** More than any text needs (UAX #15, stream-safe format: 30). */
const MANY_MARKS = /\p{M}{31}/u;
