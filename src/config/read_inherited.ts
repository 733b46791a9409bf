import { parseDuration } from "../sync/duration.ts";
import type { RuleCopyOptions } from "../sync/rule.ts";
import { nextRun } from "../sync/next_run.ts";
import { parseEvery, parseSchedule } from "../sync/schedule.ts";
import type { Schedule } from "../sync/schedule.ts";
import type { ConfigNode } from "./config_node.ts";
import { optionalKey } from "./optional_key.ts";
import type { RawInherited } from "./schema.ts";

/** The keys that both `defaults` and a rule can have. */
export interface Inherited {
  /** A template. */
  readonly backup?: ConfigNode;
  readonly schedule?: Schedule;
  /** As written in the file, for templates. */
  readonly scheduleText: { readonly schedule: string; readonly interval: string };
  readonly rateLimit: { readonly min?: number; readonly retryMs?: number };
  readonly minAgeMs?: number;
  readonly mediaTypes?: readonly string[];
  readonly fastCheck?: boolean;
  readonly fullCheckEvery?: number;
  /** A template for a repository. */
  readonly referrerSource?: ConfigNode;
  /** A template for a repository. */
  readonly referrerTarget?: ConfigNode;
  readonly copy: RuleCopyOptions;
}

/** regsync retries no sooner. */
const MIN_RETRY_MS = 5 * 60_000;

/** Reads those keys of a rule or of `defaults`. */
export function readInherited(raw: RawInherited, node: ConfigNode): Inherited {
  const { schedule, interval, mediaTypes, fastCheck, fullCheckEvery, minAge } = raw;
  if (schedule && interval) {
    node.at("interval").addWarning("ignored: schedule takes precedence", "key");
  }
  for (const type of node.at("mediaTypes").items()) {
    if (!/^[\w.+-]+\/[\w.+-]+$/.test(type.text)) {
      type.addWarning("is not a media type, so it fits no manifest");
    }
  }
  return {
    copy: readCopyOptions(raw),
    rateLimit: readRateLimit(raw.ratelimit ?? {}, node.at("ratelimit")),
    scheduleText: { schedule: schedule ?? "", interval: interval ?? "" },
    ...optionalKey("schedule", readSchedule(raw, node)),
    ...templateAt("backup", raw, node),
    ...templateAt("referrerSource", raw, node),
    ...templateAt("referrerTarget", raw, node),
    ...(mediaTypes?.length ? { mediaTypes } : {}),
    ...optionalKey("fastCheck", fastCheck),
    ...optionalKey("fullCheckEvery", fullCheckEvery),
    ...optionalKey("minAgeMs", minAge === undefined ? undefined : parseDuration(minAge)),
  };
}

/** The keys of a rule, completed by those of `defaults`. A schedule of either kind replaces both kinds of the defaults. */
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
  node: ConfigNode,
): Schedule | undefined {
  if (schedule) {
    const parsed = parseSchedule(schedule);
    // Any time will do: the days of a year repeat.
    if (nextRun(parsed, 0) === undefined) node.at("schedule").addWarning("it never has a time");
    return parsed;
  }
  return interval ? { everyMs: parseEvery(interval) } : undefined;
}

function readRateLimit(
  { min, retry }: NonNullable<RawInherited["ratelimit"]>,
  node: ConfigNode,
): Inherited["rateLimit"] {
  const retryMs = retry === undefined ? undefined : parseDuration(retry);
  if (retryMs !== undefined && retryMs < MIN_RETRY_MS) {
    node.at("retry").addWarning("read as 5m, the minimum");
  }
  return {
    ...(min ? { min } : {}),
    ...(retryMs === undefined ? {} : { retryMs: Math.max(retryMs, MIN_RETRY_MS) }),
  };
}

/** Renames the keys of the file, which are regsync's, to those of a copy request. */
function readCopyOptions(raw: RawInherited): RuleCopyOptions {
  return {
    ...optionalKey("index", raw.index),
    ...optionalKey("referrers", raw.referrers),
    ...optionalKey("referrerFilters", raw.referrerFilters),
    ...optionalKey("digestTags", raw.digestTags),
    ...optionalKey("verify", raw.verify),
    ...optionalKey("ifExists", raw.ifExists),
    ...optionalKey("recheck", raw.forceRecursive),
    ...optionalKey("foreignLayers", raw.includeExternal),
  };
}

/** The node of a template. An empty one counts as absent. */
function templateAt<Name extends "backup" | "referrerSource" | "referrerTarget">(
  name: Name,
  raw: RawInherited,
  node: ConfigNode,
): { [Key in Name]?: ConfigNode } {
  return optionalKey(name, raw[name] ? node.at(name) : undefined);
}
