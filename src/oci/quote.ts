const MAX_QUOTED = 100;

/**
 * The text as a JSON string for a message, cut after 100 characters. Invisible characters are escaped, because messages are
 * printed in terminals and the text may come from a registry.
 */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.slice(0, MAX_QUOTED)).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
  return text.length <= MAX_QUOTED ? quoted : `${quoted}… (${text.length} characters)`;
}
