/** Looks up the flags of other tools, and reads how they were typed. */
import { UsageError } from "../usage_error.ts";
import { FAMILIAR_FLAGS, listSpellings, TWO_REGISTRIES } from "./familiar_flags.ts";
import type { FamiliarFlag, Meaning } from "./familiar_flags.ts";
import type { Flag } from "./scan_arguments.ts";

/** How the flags of crossdock for one side begin, after `--`. */
export type Prefix = "src-" | "dest-" | "";

/** The row of a flag for a command, or for any command. */
export function findRow(flag: string, command?: string): FamiliarFlag | undefined {
  return FAMILIAR_FLAGS.find((row) =>
    (command === undefined || row.commands.includes(command)) &&
    listSpellings(row).includes(flag) &&
    (command === undefined || sideOf(flag, row, command) !== undefined)
  );
}

/** How crossdock's flags begin for the side of a flag. Undefined if the command does not have this side. */
export function sideOf(flag: string, { flags }: FamiliarFlag, command: string): Prefix | undefined {
  if (!("only" in flags)) return "";
  const hasTwo = TWO_REGISTRIES.includes(command);
  if (flags.only.includes(flag)) return hasTwo ? undefined : "";
  if (!hasTwo) return undefined;
  return flags.source.includes(flag) ? "src-" : "dest-";
}

/** The booleans of Go: https://pkg.go.dev/strconv#ParseBool. */
export function parseBoolean(flag: string, value: string | undefined): boolean {
  if (/^(1|t|true)$/i.test(value ?? "")) return true;
  if (/^(0|f|false)$/i.test(value ?? "")) return false;
  throw new UsageError(`${flag}: expected ${flag}, ${flag}=true or ${flag}=false`);
}

export function rejectMissing(flag: string): never {
  throw new UsageError(`${flag}: the value is missing`);
}

/** Undefined for a flag that `=false` turns off. */
export function meaningOf(row: FamiliarFlag, value: string): Meaning | undefined {
  const { means, values = {} } = row;
  if (Object.hasOwn(values, value)) return values[value];
  return !row.hasValue && value === "false" ? undefined : means;
}

/** The flag as it was typed. Only values that the table lists are shown: others may be secrets. */
export function showTyped(
  { flag, value, isInline, shown = flag }: Flag,
  { hasValue, values = {} }: FamiliarFlag,
): string {
  if (value === undefined) return shown;
  if (hasValue && !Object.hasOwn(values, value)) return shown;
  return isInline ? `${shown}=${value}` : `${shown} ${value}`;
}

export function toWords(becomes: string, prefix: Prefix, value: string): string[] {
  return becomes.replaceAll("SIDE-", prefix).split(" ").map((word) =>
    word.replace("VALUE", () => value)
  );
}
