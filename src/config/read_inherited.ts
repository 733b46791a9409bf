import { parseDuration } from "../sync/duration.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import type { CopyOptions } from "../sync/rule.ts";
import { parseEvery, parseSchedule } from "../sync/schedule.ts";
import type { Schedule } from "../sync/schedule.ts";
import type { RawInherited } from "./schema.ts";

/** What both `defaults` and a rule can say. */
export interface Inherited {
  readonly backup?: string;
  readonly schedule?: Schedule;
  /** As they stand in the file, for templates. */
  readonly scheduleText: { readonly schedule: string; readonly interval: string };
  readonly rateLimit: { readonly min?: number; readonly retryMs?: number };
  readonly minAgeMs?: number;
  readonly mediaTypes?: readonly string[];
  readonly fastCheck?: boolean;
  /** Templates for repositories. */
  readonly referrerSource?: string;
  readonly referrerTarget?: string;
  readonly copy: CopyOptions;
}

/** regsync looks no sooner than that, either. */
const MIN_RETRY_MS = 5 * 60_000;

/** Reads those keys. */
export function readInherited(raw: RawInherited, path: Path, mistakes: Mistakes): Inherited {
  const { backup, mediaTypes, fastCheck, minAge, referrerSource, referrerTarget } = raw;
  const schedule = readSchedule(raw, path, mistakes);
  const minAgeMs = minAge === undefined
    ? undefined
    : mistakes.try([...path, "minAge"], () => parseDuration(minAge));
  return {
    copy: readCopyOptions(raw),
    rateLimit: readRateLimit(raw.ratelimit ?? {}, [...path, "ratelimit"], mistakes),
    scheduleText: { schedule: raw.schedule ?? "", interval: raw.interval ?? "" },
    ...(backup ? { backup } : {}),
    ...(referrerSource ? { referrerSource } : {}),
    ...(referrerTarget ? { referrerTarget } : {}),
    ...(schedule ? { schedule } : {}),
    ...(mediaTypes?.length ? { mediaTypes } : {}),
    ...(fastCheck === undefined ? {} : { fastCheck }),
    ...(minAgeMs === undefined ? {} : { minAgeMs }),
  };
}

/** What the rule says, and what it leaves to the defaults. A schedule of either kind puts both of the defaults' aside. */
export function mergeInherited(defaults: Inherited, rule: Inherited): Inherited {
  return {
    ...defaults,
    ...rule,
    scheduleText: rule.schedule ? rule.scheduleText : defaults.scheduleText,
    rateLimit: { ...defaults.rateLimit, ...rule.rateLimit },
    copy: { ...defaults.copy, ...rule.copy },
  };
}

function readSchedule(
  { schedule, interval }: RawInherited,
  path: Path,
  mistakes: Mistakes,
): Schedule | undefined {
  const cron = schedule &&
    mistakes.try([...path, "schedule"], () => parseSchedule(schedule));
  const everyMs = interval &&
    mistakes.try([...path, "interval"], () => parseEvery(interval));
  if (schedule && interval) mistakes.warn([...path, "interval"], "schedule counts instead", "key");
  if (cron) return cron;
  return everyMs ? { everyMs } : undefined;
}

function readRateLimit(
  { min, retry }: NonNullable<RawInherited["ratelimit"]>,
  path: Path,
  mistakes: Mistakes,
): Inherited["rateLimit"] {
  const retryMs = retry === undefined
    ? undefined
    : mistakes.try([...path, "retry"], () => parseDuration(retry));
  if (retryMs !== undefined && retryMs < MIN_RETRY_MS) {
    mistakes.warn([...path, "retry"], "taken for 5m, the least there is");
  }
  return {
    ...(min ? { min } : {}),
    ...(retryMs === undefined ? {} : { retryMs: Math.max(retryMs, MIN_RETRY_MS) }),
  };
}

/** Names of the file to those of a copy request, which differ where regsync's are kept. */
function readCopyOptions(raw: RawInherited): CopyOptions {
  return {
    ...given("index", raw.index),
    ...given("referrers", raw.referrers),
    ...given("referrerFilters", raw.referrerFilters),
    ...given("digestTags", raw.digestTags),
    ...given("verify", raw.verify),
    ...given("ifExists", raw.ifExists),
    ...given("recheck", raw.forceRecursive),
    ...given("foreignLayers", raw.includeExternal),
  };
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return value === undefined ? {} : { [name]: value } as { [Key in Name]: Value };
}
