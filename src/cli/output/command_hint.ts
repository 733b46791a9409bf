import type { Side } from "../../errors.ts";

/** Commands that use one registry, whose flags have no `--src-` or `--dest-`. */
const ONE_REGISTRY = ["inspect", "tags", "digest", "auth"];

/** Whether a command uses one registry only, so that its errors need not name a side. */
export function hasOneRegistry(command: string | undefined): boolean {
  return command !== undefined && ONE_REGISTRY.includes(command);
}

type Replacements = readonly (readonly [pattern: RegExp, replacement: string])[];

/** Engine hints name the flags of `copy`; the rules of `sync` have keys instead. */
const SYNC_KEYS: Replacements = [
  [
    /\bpass its CA with --src-ca or --dest-ca\b/,
    "write its CA in regcert in creds, or set SSL_CERT_FILE to a file with it",
  ],
  [
    /\bpass a client certificate with --src-cert or --dest-cert, and its key with --src-key or --dest-key/,
    "write a client certificate into clientCert in creds, and its key into clientKey",
  ],
  // The default of loopback has no key to leave out.
  [/\bleave out --src-tls off or --dest-tls off/, "write tls: enabled in creds"],
  [/--src-tls off or --dest-tls off/, "tls: disabled in creds"],
  [/--src-tls on or --dest-tls on/, "tls: enabled in creds"],
  [/--src-tls unverified or --dest-tls unverified/, "tls: insecure in creds"],
  [/--if-exists (\w+)/, "ifExists: $1 in the rule"],
  [/\bleave out --index sparse\b/, "set index: rebuild in the rule"],
  [/--index (\w+)/g, "index: $1"],
  [/--platform\b/, "platforms in the rule"],
  [/--recheck\b/, "forceRecursive: true in the rule"],
];

/** Hints of a server name the fields of its API; `--via` has flags instead. */
const VIA_FLAGS: Replacements = [
  [/"ifExists": "(\w+)"/g, "--if-exists $1"],
  [/"index": "(\w+)"/g, "--index $1"],
  [/"platforms"/g, "--platform"],
  [/"recheck": true/g, "--recheck"],
];

const PAIR = /(--)src-(\w+(?: (?:on|off|unverified))?) or --dest-\2(?!\w)/g;

/** Rewrites an engine's hint so that the user can follow it in the command that was run. */
export function toCommandHint(
  hint: string,
  { command, side }: { command: string | undefined; side: Side | undefined },
): string {
  if (command === "sync") return replaceAll(hint, SYNC_KEYS);
  const text = replaceAll(hint, VIA_FLAGS);
  if (hasOneRegistry(command)) return text.replace(PAIR, "$1$2");
  if (side === undefined) return text;
  return text.replace(PAIR, `$1${side === "source" ? "src" : "dest"}-$2`);
}

function replaceAll(text: string, replacements: Replacements): string {
  return replacements.reduce((text, [pattern, words]) => text.replace(pattern, words), text);
}
