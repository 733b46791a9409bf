import { parsePlatform } from "../oci/platform.ts";
import type { Mistakes, Path } from "./mistakes.ts";
import { mergeInherited, readInherited } from "./read_inherited.ts";
import type { Inherited } from "./read_inherited.ts";
import { readNames, readReferrerNames } from "./read_names.ts";
import { checkPatterns, readNameFilter, readTagSets } from "./read_tags.ts";
import type { RenderAt } from "./render_at.ts";
import { DEFAULT_RETRY_MS } from "../sync/rule.ts";
import type { CopyOptions, PruneOptions, SyncRule } from "../sync/rule.ts";
import type { RawRule } from "./schema.ts";
import { isTemplate, parseTemplate } from "../template/parse.ts";
import { checkFields } from "../template/render.ts";

export interface RuleContext {
  readonly mistakes: Mistakes;
  readonly render: RenderAt;
  readonly defaults: Inherited;
  /** Hosts by the names that `creds` give them. */
  readonly aliases: ReadonlyMap<string, string>;
}

const DEFAULT_MAX_SHARE = 0.1;

/** Reads a rule, but for its name; `undefined` where a name of what is copied has a mistake. */
export function readRule(
  raw: RawRule,
  path: Path,
  { mistakes, render, defaults, aliases }: RuleContext,
): Omit<SyncRule, "name"> | undefined {
  const own = readInherited(raw, path, mistakes);
  const merged = mergeInherited(defaults, own);
  const { backup, schedule, scheduleText, rateLimit, minAgeMs, mediaTypes, fastCheck } = merged;
  const sync = {
    Source: raw.source,
    Target: raw.target ?? raw.targets?.[0] ?? "",
    Type: raw.type,
    Platform: raw.platform ?? "",
    Backup: backup ?? "",
    Schedule: scheduleText.schedule,
    Interval: scheduleText.interval,
  };
  const tagSets = readTagSets(raw, path, mistakes);
  const repositories = readNameFilter(raw.repos ?? {}, [...path, "repos"], mistakes);
  const platforms = readPlatforms(raw, path, own.copy, mistakes);
  const prune = readPrune(raw, path, mistakes);
  if (backup !== undefined) {
    // One of the defaults' has its place there.
    const at = own.backup === undefined ? ["defaults", "backup"] : [...path, "backup"];
    mistakes.try(at, () => checkBackup(backup, sync));
  }
  if (backup !== undefined && prune?.keep.length === 0) {
    mistakes.add(
      [...path, "prune"],
      "it would delete what backup makes; give keep a pattern for that",
      "key",
    );
  }
  warnOfIdleKeys(raw, path, mistakes);
  if (!merged.copy.referrers) warnOfIdleReferrers(raw, path, mistakes);
  const naming = { mistakes, render, aliases, sync };
  const names = readNames(raw, path, naming);
  if (!names) return undefined;
  const copy = {
    referrers: false,
    digestTags: false,
    index: "sparse" as const,
    ...merged.copy,
    ...platforms,
  };
  const places = copy.referrers
    ? readReferrerNames(
      merged,
      (key) => own[key] === undefined ? ["defaults", key] : [...path, key],
      {
        ...naming,
        sync: names.sync,
      },
    )
    : {};
  return {
    type: raw.type,
    source: names.source,
    targets: names.targets,
    tagSets,
    repositories,
    copy: { ...copy, ...places },
    fastCheck: fastCheck ?? false,
    ...(minAgeMs ? { minAgeMs } : {}),
    ...(mediaTypes ? { mediaTypes } : {}),
    ...(schedule ? { schedule } : {}),
    ...(rateLimit.min || rateLimit.retryMs
      ? { rateLimit: { min: rateLimit.min ?? 0, retryMs: rateLimit.retryMs ?? DEFAULT_RETRY_MS } }
      : {}),
    ...(backup === undefined ? {} : { backup: { template: backup, sync: names.sync } }),
    ...(prune ? { prune } : {}),
  };
}

function readPlatforms(
  { platform, platforms = [], index }: RawRule,
  path: Path,
  own: CopyOptions,
  mistakes: Mistakes,
): CopyOptions {
  platforms.forEach((text, i) => checkPlatform(text, [...path, "platforms", i], mistakes));
  if (platform) checkPlatform(platform, [...path, "platform"], mistakes);
  if (platform && platforms.length > 0) {
    mistakes.add([...path, "platform"], "platform and platforms exclude each other", "key");
  }
  if (platform && index !== undefined) {
    mistakes.add([...path, "index"], "with platform there is no index left", "key");
  }
  if (platform) return { platforms: [platform], index: "unwrap" };
  if (platforms.length === 0) return {};
  if (own.index === undefined) {
    mistakes.warn(
      [...path, "platforms"],
      "the index is copied as it is, as by regsync, which some registries refuse; write index: rebuild for one of these " +
        "platforms alone, or index: sparse to have this said no more",
      "key",
    );
  }
  return { platforms };
}

function checkPlatform(text: string, at: Path, mistakes: Mistakes): void {
  mistakes.try(at, () => parsePlatform(text));
}

function readPrune(
  { prune, type }: RawRule,
  path: Path,
  mistakes: Mistakes,
): PruneOptions | undefined {
  if (!prune) return undefined;
  const at = [...path, "prune"];
  if (type === "image") mistakes.add(at, "a rule for one image leaves nothing to prune", "key");
  const { keep = [], maxShare = DEFAULT_MAX_SHARE } = prune;
  checkPatterns(keep, [...at, "keep"], mistakes);
  return { keep, maxShare };
}

/** What templates of `backup` know of the image that is about to be overwritten. */
const REF_FIELDS = {
  Scheme: "",
  Reference: "",
  CommonName: "",
  Registry: "",
  Repository: "",
  Tag: "",
  Digest: "",
  Path: "",
};

function checkBackup(text: string, sync: Readonly<Record<string, string>>): void {
  if (isTemplate(text)) {
    checkFields(parseTemplate(text), { Ref: REF_FIELDS, Sync: sync, Step: sync });
  }
}

/** As in regsync, naming a repository of referrers does not have them copied. */
function warnOfIdleReferrers(raw: RawRule, path: Path, mistakes: Mistakes): void {
  for (const name of ["referrerSource", "referrerTarget"] as const) {
    if (raw[name]) mistakes.warn([...path, name], "it counts with referrers: true only", "key");
  }
}

/** Keys that say nothing for a rule of this type. */
function warnOfIdleKeys(raw: RawRule, path: Path, mistakes: Mistakes): void {
  const { type, repos, tags, tagSets } = raw;
  const idle: [name: string, value: unknown, isIdle: boolean, wanted: string][] = [
    ["repos", repos, type !== "registry", "a registry"],
    ["tags", tags, type === "image", "a repository or registry"],
    ["tagSets", tagSets, type === "image", "a repository or registry"],
  ];
  for (const [name, value, isIdle, wanted] of idle) {
    if (value && isIdle) mistakes.warn([...path, name], `it counts for ${wanted} only`, "key");
  }
}
