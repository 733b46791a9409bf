import { parseSyncConfig } from "../../src/config/sync_config.ts";
import type { SyncConfig } from "../../src/config/sync_config.ts";
import { formatMistake, SyncConfigError } from "../../src/config/mistakes.ts";
import type { SyncRule } from "../../src/sync/rule.ts";

export const NOW = Date.UTC(2026, 2, 7, 12);

export const ENV = {
  USER: "ann",
  PASS: "hunter2",
  HOOK: "0123456789abcdef-hook",
  BASE64: "c2VjcmV0",
  EMPTY: "",
};

export interface Parsed {
  readonly config: SyncConfig;
  /** A line each. */
  readonly warnings: readonly string[];
}

/** Reads a config as a file `f`. */
export function parse(text: string): Parsed {
  const { config, warnings } = parseSyncConfig(text, { from: "f", env: ENV, now: NOW });
  return { config, warnings: warnings.map(formatMistake) };
}

/** The mistakes of a config, a line each. */
export function mistakesOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof SyncConfigError) return error.message.split("\n");
    throw error;
  }
  throw new Error("there are no mistakes, some were wanted");
}

/** The first rule of a config of one entry of `sync`, as JSON or YAML flow. */
export function ruleOf(entry: string, before = ""): SyncRule {
  const { config: { rules: [rule] } } = parse(`${before}\nsync:\n- ${entry}\n`);
  if (!rule) throw new Error("there is no rule");
  return rule;
}
