/**
 * Finds the word that a misspelt word most likely means: the nearest one, if at most a third of its letters differ or one begins with
 * the other. Of words that are equally near, it is the one whose length is nearest.
 */
export function suggest(word: string, words: Iterable<string>): string | undefined {
  let best: { word: string; distance: number; gap: number } | undefined;
  for (const candidate of words) {
    const [typed, known] = [word.toLowerCase(), candidate.toLowerCase()];
    const isShort = Math.min(typed.length, known.length) < 3;
    const isBeginning = !isShort && (known.startsWith(typed) || typed.startsWith(known));
    const distance = isBeginning
      ? Math.min(1, editDistance(typed, known))
      : editDistance(typed, known);
    const limit = Math.max(1, Math.floor(candidate.length / 3));
    const gap = Math.abs(typed.length - known.length);
    const isNearer = !best || distance < best.distance ||
      distance === best.distance && gap < best.gap;
    if (distance <= limit && isNearer) best = { word: candidate, distance, gap };
  }
  return best?.word;
}

/** The Damerau-Levenshtein distance: letters to insert, delete, replace or swap with the next one. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        isSwapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
