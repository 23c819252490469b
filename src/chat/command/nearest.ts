/**
 * Finds the known word that a mistyped word most likely meant, by edit distance (Levenshtein 1966, with swapped neighbours
 * as one edit).
 */

/** The nearest of `words` (the first of equals), case apart; undefined if there are none. Only 64 characters count. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const wanted = typed.toLowerCase().slice(0, LENGTH_MAX);
  let best: { word: string; distance: number } | undefined;
  for (const word of words) {
    const known = word.toLowerCase();
    const distance =
      editDistance(wanted, known.slice(0, LENGTH_MAX)) - (wanted !== "" && known.startsWith(wanted) ? 2 : 0);
    if (best === undefined || distance < best.distance) best = { word, distance };
  }
  return best?.word;
}

// --- internal ---

const LENGTH_MAX = 64;

function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const cost = Math.min(at(line, column - 1) + 1, at(above, column) + 1, at(above, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      line.push(swapped ? Math.min(cost, at(before, column - 2) + 1) : cost);
    }
    before = above;
    above = line;
  }
  return at(above, to.length);
}

function at(line: readonly number[], index: number): number {
  return line[index] ?? Number.POSITIVE_INFINITY;
}
