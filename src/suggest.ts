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

/**
 * Finds the words that are most similar to a word, the nearest first: other capitals, with or without a leading `v`, then words
 * that begin alike, then misspelt ones.
 */
export function suggestSimilar(word: string, words: Iterable<string>, maxCount: number): string[] {
  const found: { readonly word: string; readonly score: number; readonly prefix: number }[] = [];
  for (const candidate of words) {
    const score = difference(word.toLowerCase(), candidate.toLowerCase());
    if (score === undefined) continue;
    found.push({ word: candidate, score, prefix: commonPrefix(word, candidate) });
  }
  return found.sort((a, b) => a.score - b.score || b.prefix - a.prefix)
    .slice(0, maxCount).map(({ word }) => word);
}

/** Undefined if two words are not similar. */
function difference(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (a.replace(/^v/, "") === b.replace(/^v/, "")) return 0.1;
  const [short = "", long = ""] = [a, b].sort((a, b) => a.length - b.length);
  if (long.startsWith(short) && /^[._-]/.test(long.slice(short.length))) return 0.5;
  // Longer texts are compared only if they can be similar: the comparison takes time by the product of their lengths.
  const limit = Math.max(1, Math.floor(a.length / 3));
  if (long.length - short.length > limit) return undefined;
  const distance = editDistance(a, b);
  return distance <= limit ? distance : undefined;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
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
