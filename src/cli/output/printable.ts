/**
 * Text with everything escaped that is not visible. Some of what is shown comes from registries, and nothing of it may
 * steer a terminal.
 */
export function toPrintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
}
