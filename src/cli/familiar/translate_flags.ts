/** Replaces flags of other tools by those of crossdock, before the command line is parsed. */
import type { Option } from "@commander-js/extra-typings";
import { UsageError } from "../usage_error.ts";
import { isLocal, isLoopbackRegistry, parseReference } from "../../oci/reference.ts";
import type { CommandContext } from "../commands/command_context.ts";
import { localPlatform } from "../options/parse_option.ts";
import { FAMILIAR_FLAGS, listSpellings, TWO_REGISTRIES } from "./familiar_flags.ts";
import type { Contradiction, FamiliarFlag, Meaning, Part } from "./familiar_flags.ts";
import { scanArguments } from "./scan_arguments.ts";
import type { Argument } from "./scan_arguments.ts";
import { hasValue, helpOf, listOperands } from "./known_options.ts";
import type { KnownOptions } from "./known_options.ts";
import { rejectUnknownOption } from "./unknown_option.ts";

export interface Translation {
  readonly words: readonly string[];
  /** Lines for stderr: flags without an effect, and with another meaning than in their tool. */
  readonly notes: readonly string[];
  readonly renamed: readonly Renamed[];
}

/** A flag of another tool and the one that replaces it. For errors, which name the new one. */
export interface Renamed {
  readonly typed: string;
  readonly flag: string;
}

type Flag = Argument & { kind: "flag" };
type Prefix = "src-" | "dest-" | "";

/** A flag of crossdock, from the command line or in place of another flag. */
interface OwnUse {
  /** As the user typed it, without secrets. */
  readonly typed: string;
  readonly option: Option;
  readonly flag: string;
  readonly value: string | undefined;
  /** Another value of the flag that is no contradiction, and replaces this one. */
  replacedBy?: string;
  /** A line for stderr. */
  note?: string;
}

const LEVELS = ["trace", "debug", "info", "warn", "error"];
const SECRET = /cred|token|key|env|via/;

/**
 * Translates the words after the command.
 *
 * @throws UsageError for an unknown flag, for one that crossdock rejects, and for contradictions
 */
export async function translateFlags(
  words: readonly string[],
  known: KnownOptions,
  context: CommandContext,
): Promise<Translation> {
  const scanned = scanArguments(
    words,
    (flag) =>
      hasValue(known.options.get(flag)) ?? findRow(flag, known.command)?.hasValue ??
        (flag.startsWith("--") && findRow(flag) ? false : undefined),
  );
  const found = joinValues(scanned, known);
  const translator = new Translator(known, listOperands(found));
  for (const argument of found) {
    if (argument.kind === "operand") translator.keep([argument.text]);
    else if (argument.kind === "rest") translator.keep(argument.words);
    else {
      const option = known.options.get(argument.flag);
      const row = findRow(argument.flag, known.command);
      if (option) translator[hasValue(option) ? "addOwn" : "addBoolean"](argument, option);
      else if (row) translator.addFamiliar(argument, row);
      else await rejectUnknownOption(argument.flag, known, context);
    }
  }
  return translator.finish();
}

/** The row of a flag for a command, or for any command. */
function findRow(flag: string, command?: string): FamiliarFlag | undefined {
  return FAMILIAR_FLAGS.find((row) =>
    (command === undefined || row.commands.includes(command)) &&
    listSpellings(row).includes(flag) &&
    (command === undefined || sideOf(flag, row, command) !== undefined)
  );
}

/** How crossdock's flags begin for the side of a flag. Undefined if the command does not have this side. */
function sideOf(flag: string, { flags }: FamiliarFlag, command: string): Prefix | undefined {
  if (!("only" in flags)) return "";
  const hasTwo = TWO_REGISTRIES.includes(command);
  if (flags.only.includes(flag)) return hasTwo ? undefined : "";
  if (!hasTwo) return undefined;
  return flags.source.includes(flag) ? "src-" : "dest-";
}

/**
 * Joins flags without a value with a word that can only be one, because there are too many operands: regctl's `-v debug`, and
 * `--tls-verify false`.
 */
function joinValues(found: readonly Argument[], known: KnownOptions): Argument[] {
  const hasTooMany = listOperands(found).length > known.operands;
  const joined: Argument[] = [];
  for (const argument of found) {
    const last = joined.at(-1);
    const isLevel = argument.kind === "operand" && LEVELS.includes(argument.text);
    const isBoolean = argument.kind === "operand" && ["true", "false"].includes(argument.text);
    if (hasTooMany && isLevel && last?.kind === "flag" && last.flag === "-v") {
      joined[joined.length - 1] = toVerbosity(argument.text);
    } else if (hasTooMany && isBoolean && last?.kind === "flag" && last.value === undefined) {
      joined[joined.length - 1] = { ...last, value: argument.text, isInline: true };
    } else if (argument.kind === "flag" && argument.flag === "-v" && isLevelValue(argument)) {
      joined.push(toVerbosity(argument.value ?? ""));
    } else {
      joined.push(argument);
    }
  }
  return joined;
}

function isLevelValue({ isInline, value }: Flag): boolean {
  return isInline && LEVELS.includes(value ?? "");
}

function toVerbosity(value: string): Flag {
  return { kind: "flag", flag: "--verbosity", value, isInline: false, shown: "-v" };
}

/** Flags of crossdock in place of another flag. */
interface Replacement {
  /** Receives the words. */
  readonly slot: string[];
  readonly uses: OwnUse[];
}

class Translator {
  readonly #known: KnownOptions;
  readonly #operands: readonly string[];
  /** The words so far, one slot per argument. */
  readonly #slots: string[][] = [];
  /** The slots of boolean flags of crossdock. The last one wins. */
  readonly #booleans = new Map<string, string[]>();
  readonly #own: OwnUse[] = [];
  // By flag: as in Go, the last one wins.
  readonly #notes = new Map<string, readonly string[]>();
  readonly #replaced = new Map<string, Replacement>();
  readonly #ignored = new Map<string, { typed: string; contradicts: readonly Contradiction[] }>();
  readonly #joined = new Map<string, Joined>();

  constructor(known: KnownOptions, operands: readonly string[]) {
    this.#known = known;
    this.#operands = operands;
  }

  keep(words: readonly string[]): string[] {
    const slot = [...words];
    this.#slots.push(slot);
    return slot;
  }

  /** Adds a flag of crossdock with a value. */
  addOwn({ flag, value, isInline }: Flag, option: Option): void {
    if (value === undefined) return void this.keep([flag]);
    const shown = SECRET.test(flag) ? "" : isInline ? `=${value}` : ` ${value}`;
    this.#own.push({ typed: `${flag}${shown}`, option, flag: option.long ?? flag, value });
    this.keep([`${option.long ?? flag}=${value}`]);
  }

  /** Adds a flag of crossdock without a value. It can have `=true` and `=false`, as in Go. */
  addBoolean({ flag, value, isInline }: Flag, option: Option): void {
    const name = option.attributeName();
    const earlier = this.#booleans.get(name);
    if (earlier) earlier.length = 0;
    removeWhere(this.#own, (use) => use.option.attributeName() === name);
    const long = option.long ?? flag;
    const opposite = option.negate ? `--${long.slice("--no-".length)}` : `--no-${long.slice(2)}`;
    const set = !isInline || parseBoolean(flag, value) ? long : opposite;
    const setOption = this.#known.options.get(set);
    if (!setOption) return;
    const typed = isInline ? `${flag}=${value}` : flag;
    this.#own.push({ typed, option: setOption, flag: set, value: undefined });
    this.#booleans.set(name, this.keep([set]));
  }

  /** Adds a flag of another tool. */
  addFamiliar(argument: Flag, row: FamiliarFlag): void {
    const { flag } = argument;
    const value = row.hasValue
      ? argument.value ?? rejectMissing(flag)
      : String(!argument.isInline || parseBoolean(flag, argument.value));
    const meaning = meaningOf(row, value);
    const typed = showTyped(argument, row);
    const prefix = sideOf(flag, row, this.#known.command) ?? "";
    const key = `${FAMILIAR_FLAGS.indexOf(row)} ${prefix}`;
    this.#notes.delete(key);
    this.#ignored.delete(key);
    this.#replaced.delete(key);
    if (meaning === undefined) return;
    if ("rejected" in meaning) {
      const hint = meaning.rejected.replaceAll("SIDE-", prefix);
      throw new UsageError(`${typed} is not supported`, { hint });
    }
    if ("ignored" in meaning) {
      this.#notes.set(key, [`${typed} has no effect: ${meaning.ignored}`]);
      this.#ignored.set(key, { typed, contradicts: meaning.contradicts ?? [] });
    } else if ("joins" in meaning) {
      this.#join(meaning, { typed: flag, value }, prefix);
    } else if (meaning.becomes === "unverified TLS") {
      const isBoth = "bothSides" in meaning && meaning.bothSides;
      this.#replaceByTls(key, typed, isBoth ? ["src-", "dest-"] : [prefix]);
    } else {
      const { becomes, note } = meaning as { becomes: string; note?: string };
      if (note !== undefined) this.#notes.set(key, [`${typed} is ${becomes}: ${note}`]);
      this.#replace(key, typed, toWords(becomes, prefix, value));
    }
  }

  finish(): Translation {
    for (const joined of this.#joined.values()) this.#finishJoin(joined);
    const replacements = [...this.#replaced.values()];
    const made = replacements.flatMap(({ uses }) => uses);
    this.#rejectConflicts(made);
    const written = [...this.#own];
    const notes = [...this.#notes.values()].flat();
    for (const { slot, uses } of replacements) {
      for (const use of uses) {
        if ([...this.#own, ...made].some((other) => isReplacedBy(use, other))) continue;
        const isWritten = written.some(({ flag, value }) =>
          flag === use.flag && value === use.value
        );
        if (!isWritten) slot.push(use.value === undefined ? use.flag : `${use.flag}=${use.value}`);
        written.push(use);
        if (use.note !== undefined) notes.push(use.note);
      }
    }
    return {
      words: this.#slots.flat(),
      notes,
      renamed: made.map(({ typed, flag }) => ({ typed, flag })),
    };
  }

  /** skopeo and crane try TLS without verification, then plain HTTP. Here plain HTTP has a flag of its own. */
  #replaceByTls(key: string, typed: string, prefixes: readonly Prefix[]): void {
    const notes: string[] = [];
    const words: string[] = [];
    for (const prefix of prefixes) {
      const name = this.#operands[prefix === "dest-" ? 1 : 0];
      const registry = name === undefined ? "" : registryOf(name, this.#known.command);
      if (isLocal({ registry })) continue;
      if (isLoopbackRegistry(registry)) {
        notes.push(
          `${typed}: ${registry} has plain HTTP by default; for TLS use --${prefix}tls unverified`,
        );
      } else words.push(`--${prefix}tls`, "unverified");
    }
    this.#notes.set(key, notes);
    this.#replace(key, typed, words);
    for (const use of this.#replaced.get(key)?.uses ?? []) {
      use.replacedBy = "off";
      use.note = `${typed} is ${use.flag} unverified; for plain HTTP use ${use.flag} off`;
    }
  }

  #replace(key: string, typed: string, words: readonly string[]): void {
    const uses: OwnUse[] = [];
    const rest = [...words];
    for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
      const option = this.#known.options.get(flag);
      if (!option) {
        throw new UsageError(`${typed} is ${flag}, which ${this.#known.command} does not have`, {
          hint: `run ${helpOf(this.#known)}`,
        });
      }
      uses.push({ typed, option, flag, value: hasValue(option) ? rest.shift() : undefined });
    }
    this.#replaced.set(key, { slot: this.keep([]), uses });
  }

  #join({ joins, part }: Join, use: JoinedPart, prefix: Prefix): void {
    const name = `${joins} ${prefix}`;
    const joined = this.#joined.get(name) ??
      { joins, prefix, slot: this.keep([]), parts: new Map() };
    joined.parts.set(part, use);
    this.#joined.set(name, joined);
  }

  #finishJoin({ joins, prefix, slot, parts }: Joined): void {
    const typed = [...parts.values()].map(({ typed }) => typed).join(", ");
    const words = joins === "platform" ? toPlatform(parts) : toCredentials(parts, typed, prefix);
    const key = `${joins} ${prefix}`;
    this.#replace(key, typed, words);
    const { uses } = this.#replaced.get(key) ?? { uses: [] };
    this.#replaced.set(key, { slot, uses });
  }

  #rejectConflicts(made: readonly OwnUse[]): void {
    const all = [...this.#own, ...made];
    for (const use of made) {
      const other = all.find((other) =>
        other.typed !== use.typed && other.option.attributeName() === use.option.attributeName() &&
        (other.flag !== use.flag || other.value !== use.value) &&
        !isReplacedBy(use, other) && !isReplacedBy(other, use)
      );
      if (other) throw new UsageError(`${use.typed} and ${other.typed} cannot be combined`);
    }
    for (const { typed, contradicts } of this.#ignored.values()) {
      for (const { flag, value, unless } of contradicts) {
        const other = all.find((use) =>
          use.flag === flag && (value === undefined || use.value === value)
        );
        if (!other || all.some((use) => use.flag === unless)) continue;
        throw new UsageError(`${typed} and ${other.typed} cannot be combined`);
      }
    }
  }
}

function isReplacedBy(use: OwnUse, other: OwnUse): boolean {
  return use.replacedBy !== undefined && use.flag === other.flag && use.replacedBy === other.value;
}

type Join = Extract<Meaning, { joins: unknown }>;

interface JoinedPart {
  readonly typed: string;
  readonly value: string;
}

/** The parts of one flag of crossdock. */
interface Joined {
  readonly joins: Join["joins"];
  readonly prefix: Prefix;
  readonly slot: string[];
  readonly parts: Map<Part, JoinedPart>;
}

function toPlatform(parts: ReadonlyMap<Part, JoinedPart>): string[] {
  const [os, architecture] = localPlatform().split("/");
  const platform = [
    parts.get("os")?.value ?? os,
    parts.get("architecture")?.value ?? architecture,
    ...(parts.has("variant") ? [parts.get("variant")?.value] : []),
  ].join("/");
  return ["--platform", platform, "--index", "unwrap"];
}

function toCredentials(
  parts: ReadonlyMap<Part, JoinedPart>,
  typed: string,
  prefix: Prefix,
): string[] {
  const [user, password] = [parts.get("user"), parts.get("password")];
  if (user && password) return [`--${prefix}creds`, `${user.value}:${password.value}`];
  throw new UsageError(`${typed}: the ${user ? "password" : "user name"} is missing`, {
    hint: `use --${prefix}creds-env NAME, a variable with user:password`,
  });
}

function removeWhere<Item>(items: Item[], isWanted: (item: Item) => boolean): void {
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item !== undefined && isWanted(item)) items.splice(index, 1);
  }
}

/** The booleans of Go: https://pkg.go.dev/strconv#ParseBool. */
function parseBoolean(flag: string, value: string | undefined): boolean {
  if (/^(1|t|true)$/i.test(value ?? "")) return true;
  if (/^(0|f|false)$/i.test(value ?? "")) return false;
  throw new UsageError(`${flag}: expected ${flag}, ${flag}=true or ${flag}=false`);
}

function rejectMissing(flag: string): never {
  throw new UsageError(`${flag}: the value is missing`);
}

/** Undefined for a flag that `=false` turns off. */
function meaningOf(row: FamiliarFlag, value: string): Meaning | undefined {
  const { means, values = {} } = row;
  if (Object.hasOwn(values, value)) return values[value];
  return !row.hasValue && value === "false" ? undefined : means;
}

/** The flag as it was typed. Only values that the table lists are shown: others may be secrets. */
function showTyped(
  { flag, value, isInline, shown = flag }: Flag,
  { hasValue, values = {} }: FamiliarFlag,
): string {
  if (value === undefined) return shown;
  if (hasValue && !Object.hasOwn(values, value)) return shown;
  return isInline ? `${shown}=${value}` : `${shown} ${value}`;
}

function toWords(becomes: string, prefix: Prefix, value: string): string[] {
  return becomes.replaceAll("SIDE-", prefix).split(" ").map((word) =>
    word.replace("VALUE", () => value)
  );
}

function registryOf(name: string, command: string): string {
  try {
    if (command !== "auth") return parseReference(name).registry;
  } catch {
    // The command reports it.
  }
  return name.replace(/^docker:\/\//, "").replace(/\/.*$/s, "");
}
