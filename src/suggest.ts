/** The word that was most likely meant: the nearest one, if no more than a third of its letters differ or one begins with the other. */
export function suggest(word: string, words: Iterable<string>): string | undefined {
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const [given, known] = [word.toLowerCase(), candidate.toLowerCase()];
    const isShort = Math.min(given.length, known.length) < 3;
    const isBeginning = !isShort && (known.startsWith(given) || given.startsWith(known));
    const distance = isBeginning
      ? Math.min(1, editDistance(given, known))
      : editDistance(given, known);
    const limit = Math.max(1, Math.floor(candidate.length / 3));
    if (distance <= limit && distance < (best?.distance ?? Infinity)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word;
}

/** Letters to add, take away, change or swap with the next, row by row of Damerau's and Levenshtein's table. */
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
