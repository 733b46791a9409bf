/** Rewrites hints of the engine and the server, so that the user can follow them in the command that printed them. */
import type { Side } from "../../errors.ts";
import { parseReference } from "../../oci/reference.ts";

/** Commands that use one registry, whose flags have no `--src-` or `--dest-`. */
const ONE_REGISTRY = ["inspect", "tags", "digest", "auth"];

/** Whether a command uses one registry only, so that its errors need not name a side. */
export function hasOneRegistry(command: string | undefined): boolean {
  return command !== undefined && ONE_REGISTRY.includes(command);
}

/** The command line that failed. */
export interface CommandLine {
  readonly command?: string | undefined;
  /** `crossdock copy [options] <source> <destination>` */
  readonly usage?: string | undefined;
  /** Its arguments, such as the names of images. */
  readonly names?: readonly string[] | undefined;
  /** The flags that the command has, such as `--platform`. Absent if they are not known. */
  readonly flags?: ReadonlySet<string> | undefined;
  /** The values of its flags by commander's names, such as `destTls`. */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
}

interface HintContext extends CommandLine {
  readonly side?: Side | undefined;
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

/** `init` has flags that name a registry. */
const INIT_FLAGS: Replacements = [
  [/--src-tls off or --dest-tls off/, "--tls-off and the registry"],
  [
    /\bpass its CA with --src-ca or --dest-ca\b/,
    "pass --no-check, and write its CA into regcert in creds",
  ],
];

/** Hints of a server name the fields of its API; `--via` has flags instead. */
const VIA_FLAGS: Replacements = [
  [/"ifExists": "(\w+)"/g, "--if-exists $1"],
  [/"index": "(\w+)"/g, "--index $1"],
  [/"platforms"/g, "--platform"],
  [/"recheck": true/g, "--recheck"],
  [
    /\bcopy within the request: omit Prefer: respond-async\b/,
    "run crossdock copy without --detach",
  ],
];

/** Flags that cannot be combined with `--via`: a server has its own credentials, TLS settings and limits. */
const LOCAL_FLAG = /^--(?:(?:src|dest)-.*|tls|ca|creds.*|authfile|timeout|retries|concurrency)$/;

const PAIR = /--src-([\w-]+(?: (?:on|off|unverified))?) or --dest-\1(?![\w-])/g;

/** Returns undefined if nothing of the hint can be followed in the command. */
export function toCommandHint(hint: string, context: HintContext): string | undefined {
  const text = rewriteCredentials(hint, context);
  if (context.command === "sync") return dropUnknown(replaceAll(text, SYNC_KEYS), context);
  if (context.command === "init") return dropUnknown(replaceAll(text, INIT_FLAGS), context);
  // These commands copy nothing, but their hints are about copies.
  const copied = context.command === "copy"
    ? replaceAll(text, VIA_FLAGS)
    : replaceAll(text, VIA_FLAGS).replace(
      /(\bcopy [^;]*?)with (?=--recheck\b)/g,
      "$1with crossdock copy ",
    );
  return dropUnknown(chooseSide(copied, context), context);
}

/** Names the flag of one side instead of both. */
function chooseSide(text: string, { command, side }: HintContext): string {
  if (hasOneRegistry(command)) return text.replace(PAIR, "--$1");
  if (side === undefined) return text;
  return text.replace(PAIR, `--${side === "source" ? "src" : "dest"}-$1`);
}

/** What names flags that the user need not pass: the place of a credential, places that were searched, other commands. */
const NAMED =
  /^the credential from .* was rejected|\([^]*\)|\b(?:crossdock [a-z]+|docker|Deno with)\b.*$/;

/** Drops the parts of a hint that name flags which the command does not have. */
function dropUnknown(text: string, { command, flags, values }: HintContext): string | undefined {
  if (flags === undefined) return text;
  const isVia = values?.["via"] !== undefined;
  const isKnown = (flag: string): boolean => flags.has(flag) && !(isVia && LOCAL_FLAG.test(flag));
  // A copy on a server was started by another command.
  const named = command === "status" || command === "cancel"
    ? text.replace(/--(?:if-exists|index|platform|recheck)\b/, "crossdock copy $&")
    : text;
  const [first = "", ...rest] = named.split(/(; |, or )/);
  const known = [["", first], ...pairs(rest)].filter(([, part = ""]) =>
    (isVia || !/ on the server$/.test(part)) &&
    (part.replace(NAMED, "").match(/--[a-z][a-z-]*/g) ?? []).every(isKnown)
  );
  const kept = known.map(([separator, part], i) => i === 0 ? part : `${separator}${part}`).join("");
  return kept === "" ? undefined : kept;
}

function pairs(list: readonly string[]): string[][] {
  return list.flatMap((item, i) => i % 2 === 0 ? [[item, list[i + 1] ?? ""]] : []);
}

const NONE_FOUND =
  /^(no credential (?:found|given) for (\S+).*); (?:log in to the registry, or )?pass a credential$/s;
const REJECTED = /^(the credential from (.+) was rejected); check it with: crossdock auth (\S+)$/s;
const IN_REFERENCE = /\bpass the credential separately\b/;

/** Names the way to pass a credential, or to check one, that fits the command and its flags. */
function rewriteCredentials(hint: string, context: HintContext): string {
  const [, missing = "", registry = ""] = NONE_FOUND.exec(hint) ?? [];
  if (missing !== "") return `${missing}; ${toPassHint(registry, missing, context)}`;
  const [, rejected = "", from = "", host = ""] = REJECTED.exec(hint) ?? [];
  if (rejected !== "") return `${rejected}; ${toCheckHint(from, host, context)}`;
  return context.command === "sync"
    ? hint
    : hint.replace(IN_REFERENCE, "pass the credential with --src-creds-env or --dest-creds-env");
}

function toPassHint(
  registry: string,
  searched: string,
  { command, values, names = [] }: HintContext,
): string {
  if (values?.["via"] !== undefined) return "add one for it to the configuration of the server";
  // With --authfile nothing else is searched.
  const login = searched.includes("--authfile ")
    ? "add one to that file"
    : `run ${toLogin(registry)}`;
  if (command === "sync") return `${login}, or add ${registry} to creds in the config`;
  // The flags of a side are not for the registry of its referrers.
  const hasFlag = names.length === 0 || names.some((name) => isOfRegistry(name, registry));
  return hasFlag ? `${login}, or pass one with --src-creds-env or --dest-creds-env` : login;
}

/** Whether a name on the command line, of an image or a registry, is of a registry. */
function isOfRegistry(name: string, registry: string): boolean {
  const text = name.replace(/^docker:\/\//, "");
  if (text.split(/[/@]/)[0] === registry) return true;
  try {
    return parseReference(text).registry === registry;
  } catch {
    return false;
  }
}

function toLogin(registry: string): string {
  return registry === "docker.io" ? "docker login" : `docker login ${registry}`;
}

function toCheckHint(
  from: string,
  registry: string,
  { command, side, values = {} }: HintContext,
): string {
  if (values["via"] !== undefined) return "replace it in the configuration of the server";
  if (command === "auth") return `replace it, for example with ${toLogin(registry)}`;
  if (/\(creds "/.test(from)) return "correct user and pass there";
  const [, flag, value = ""] =
    /^--(?:src-|dest-)?(creds(?:-env|-fd)?|authfile)(?: (.+?))?(?: \(.*)?$/.exec(from) ??
      [];
  if (flag === undefined && from.startsWith("--")) return "pass another one";
  const shown = flag === "creds" ? "USER:PASSWORD" : toWord(value);
  const prefix = hasOneRegistry(command) ? "" : side === "source" ? "src" : "dest";
  const option = (name: string): string => {
    const set = values[prefix === "" ? name : `${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`];
    return typeof set === "string" ? ` --${name} ${toWord(set)}` : "";
  };
  const credential = flag === undefined ? "" : ` --${flag} ${shown}`;
  return `check it with: crossdock auth${option("tls")}${option("ca")}${credential} ${registry}`;
}

/** A word of a shell. */
function toWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function replaceAll(text: string, replacements: Replacements): string {
  return replacements.reduce((text, [pattern, words]) => text.replace(pattern, words), text);
}
