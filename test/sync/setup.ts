import { parseSyncConfig } from "../../src/config/sync_config.ts";
import type { SyncConfig } from "../../src/config/sync_config.ts";
import { formatMistake, SyncConfigError } from "../../src/config/mistakes.ts";
import { CrossdockError } from "../../src/errors.ts";
import type { Listing } from "../../src/sync/listing.ts";
import { findTags, listRepositories, targetsOf, toWorkItem } from "../../src/sync/expand.ts";
import type { ExpandOptions, WorkItem } from "../../src/sync/expand.ts";
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
  /** One line for each warning. */
  readonly warnings: readonly string[];
}

/** Parses a config as the file `f`. */
export function parse(text: string): Parsed {
  const { config, warnings } = parseSyncConfig(text, { from: "f", env: ENV, now: NOW });
  return { config, warnings: warnings.map(formatMistake) };
}

/** The mistakes of a config, one line for each. */
export function mistakesOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof SyncConfigError) return error.message.split("\n");
    throw error;
  }
  throw new Error("there are no mistakes, some were wanted");
}

/** The rule of one entry of `sync`, in JSON or YAML flow style. */
export function ruleOf(entry: string, before = ""): SyncRule {
  const { config: { rules: [rule] } } = parse(`${before}\nsync:\n- ${entry}\n`);
  if (!rule) throw new Error("there is no rule");
  return rule;
}

/** The copies that a rule selects in one repository. */
export interface ExpandedRepository {
  readonly source: string;
  readonly targets: readonly string[];
  readonly items: readonly (Omit<WorkItem, "tag"> & { readonly mayBeMissing: boolean })[];
  readonly tooFresh: readonly string[];
  readonly failure?: CrossdockError;
}

/** Lists the copies that a rule selects, repository by repository. */
export async function* expandRule(
  rule: SyncRule,
  source: Listing,
  options: ExpandOptions,
): AsyncGenerator<ExpandedRepository> {
  for await (const repository of listRepositories(rule, source, options)) {
    const work = { source: repository, targets: targetsOf(rule, repository) };
    try {
      const { tags, tooFresh, isListed } = await findTags(rule, repository, source, options);
      const items = tags.map((tag) => {
        const { tag: _, ...item } = toWorkItem(rule, repository, tag);
        return { ...item, mayBeMissing: !isListed };
      });
      yield { ...work, items, tooFresh };
    } catch (failure) {
      if (!(failure instanceof CrossdockError) || options.signal?.aborted) throw failure;
      yield { ...work, items: [], tooFresh: [], failure };
    }
  }
}
