/**
 * Finds the positions of members and items in JSON text, so that `rebuildIndex` can edit the text in place. The text must have
 * passed JSON.parse: the syntax is not checked here.
 */

/** A range of the text, without `end`. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** A member of an object, from its key to the end of its value. */
export interface MemberSpan extends TextSpan {
  readonly key: string;
  readonly value: TextSpan;
}

/** The members of the object that starts at `open`. */
export function findMembers(text: string, open: number): MemberSpan[] {
  const members: MemberSpan[] = [];
  for (let at = skipSpace(text, open + 1); text[at] !== "}";) {
    const keyEnd = skipValue(text, at);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    members.push({
      key: JSON.parse(text.slice(at, keyEnd)) as string,
      start: at,
      end,
      value: { start, end },
    });
    at = skipComma(text, end);
  }
  return members;
}

/** The items of the array that starts at `open`. */
export function findItems(text: string, open: number): TextSpan[] {
  const items: TextSpan[] = [];
  for (let at = skipSpace(text, open + 1); text[at] !== "]";) {
    const end = skipValue(text, at);
    items.push({ start: at, end });
    at = skipComma(text, end);
  }
  return items;
}

/** The first position at or after `at` that is not white space. */
export function skipSpace(text: string, at: number): number {
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}

function skipComma(text: string, end: number): number {
  const at = skipSpace(text, end);
  return text[at] === "," ? skipSpace(text, at + 1) : at;
}

/** The end of the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  do {
    const char = text[at];
    if (char === '"') at = skipString(text, at);
    else if (char === "{" || char === "[") depth++, at++;
    else if (char === "}" || char === "]") depth--, at++;
    else if (depth === 0) return skipScalar(text, at);
    else at++;
  } while (depth > 0);
  return at;
}

function skipString(text: string, open: number): number {
  let at = open + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipScalar(text: string, at: number): number {
  while (/[-+.0-9A-Za-z]/.test(text[at] ?? "")) at++;
  return at;
}
