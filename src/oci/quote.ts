const MAX_QUOTED = 100;

/**
 * The text as a JSON string for a message, cut after 100 characters. Whatever is not visible is escaped, for messages
 * end up in terminals and some of the text comes from registries.
 */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.slice(0, MAX_QUOTED)).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
  return text.length <= MAX_QUOTED ? quoted : `${quoted}… (${text.length} characters)`;
}
