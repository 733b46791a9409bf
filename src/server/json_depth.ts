/** A step, the deepest body of the API, has six levels. */
const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = [...'"\\[{]}'].map(
  (character) => character.charCodeAt(0),
);

/**
 * Rejects JSON that is nested too deeply, before it is parsed: `JSON.parse` takes seconds for some MiB of `[`.
 *
 * @throws RangeError
 */
export function rejectDeepJson(text: string): void {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isString) {
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) isString = false;
    } else if (code === QUOTE) isString = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > MAX_DEPTH) throw new RangeError(`the JSON has more than ${MAX_DEPTH} levels`);
  }
}
