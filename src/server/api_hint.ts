/** What the engine's hints say of the command line's flags, and what says the same to a client of the API. */
const TRANSLATIONS: readonly (readonly [RegExp, string])[] = [
  [/--if-exists (\w+)/g, '"ifExists": "$1"'],
  [/--index (\w+)/g, '"index": "$1"'],
  [/--platform\b/g, '"platforms"'],
  [/--timeout\b/g, "CROSSDOCK_TIMEOUT_MS"],
  [/\buse --src-tls off or --dest-tls off/g, "name it in CROSSDOCK_PLAIN_HTTP"],
  [/\bleave out --src-tls off or --dest-tls off/g, "take it out of CROSSDOCK_PLAIN_HTTP"],
  [/\buse --src-tls on or --dest-tls on/g, "take it out of CROSSDOCK_PLAIN_HTTP"],
];

/** A hint in the API's words; none where it names a flag that the server has nothing like. */
export function toApiHint(hint: string | undefined): string | undefined {
  const translated = TRANSLATIONS.reduce(
    (text, [flag, words]) => text?.replace(flag, words),
    hint,
  );
  return translated && /(^|\s)--[a-z]/.test(translated) ? undefined : translated;
}
