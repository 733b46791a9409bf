import type { ConfigNode } from "./config_node.ts";
import { optionalKey } from "./optional_key.ts";
import { mergeInherited, readInherited } from "./read_inherited.ts";
import type { Inherited } from "./read_inherited.ts";
import { readNames, readReferrerNames } from "./read_names.ts";
import { readNameFilter, readTagSets, warnOfPatterns } from "./read_tags.ts";
import type { RenderAt } from "./render_at.ts";
import { DEFAULT_RETRY_MS } from "../sync/rule.ts";
import type { PruneOptions, RuleCopyOptions, SyncRule } from "../sync/rule.ts";
import type { RawRule } from "./schema.ts";
import { quirksOf } from "../registry/quirks.ts";
import { renderTargetTag } from "../sync/target_tag.ts";
import { isTemplate, parseTemplate } from "../template/parse.ts";
import { checkFields } from "../template/render.ts";

export interface ReadRuleOptions {
  readonly render: RenderAt;
  readonly defaults: Inherited;
  /** Hosts by the names that `creds` give them. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Whether names of folders and files are accepted. */
  readonly allowsLocal: boolean;
}

const DEFAULT_MAX_SHARE = 0.1;

/** Reads a rule without its name; `undefined` if the source or a target has a mistake. */
export function readRule(
  raw: RawRule,
  node: ConfigNode,
  { render, defaults, aliases, allowsLocal }: ReadRuleOptions,
): Omit<SyncRule, "name"> | undefined {
  const type = raw.type ?? guessType(node.at("source").text);
  const inherited = mergeInherited(defaults, readInherited(raw, node));
  const { backup, schedule, scheduleText, rateLimit, minAgeMs, mediaTypes } = inherited;
  const { fastCheck, fullCheckEvery } = inherited;
  const sync = {
    Source: node.at("source").text,
    Target: raw.target ?? raw.targets?.[0] ?? "",
    Type: type,
    Platform: raw.platform ?? "",
    Backup: backup?.text ?? "",
    Schedule: scheduleText.schedule,
    Interval: scheduleText.interval,
  };
  const tagSets = readTagSets(raw, node);
  const repositories = readNameFilter(raw.repos ?? {}, node.at("repos"));
  const platforms = readPlatforms(raw, node);
  const prune = readPrune(raw, type, node.at("prune"));
  if (backup) checkBackup(backup, sync);
  if (backup && prune?.keep.length === 0) {
    node.at("prune").addMistake(
      "it would delete the tags that backup creates; add a pattern for them to keep",
      "key",
    );
  }
  const targetTag = readTargetTag(raw, type, node);
  warnOfUnusedKeys(raw, type, node);
  if (!inherited.copy.referrers) warnOfUnusedReferrers(raw, node);
  const names = readNames(type, node, { render, aliases, sync, allowsLocal });
  if (!names) return undefined;
  if (prune) warnOfPrune(names.targets, node.at("prune"));
  const copy = {
    referrers: false,
    digestTags: false,
    index: "sparse" as const,
    ...inherited.copy,
    ...platforms,
  };
  const referrers = copy.referrers
    ? readReferrerNames(inherited, { render, aliases, sync: names.sync, allowsLocal })
    : {};
  return {
    type,
    source: names.source,
    targets: names.targets,
    tagSets,
    ...(raw.digests && type === "repository" ? { digests: raw.digests } : {}),
    ...(targetTag === undefined ? {} : { targetTag }),
    repositories,
    copy: { ...copy, ...referrers },
    fastCheck: fastCheck ?? false,
    ...optionalKey("fullCheckEvery", fullCheckEvery),
    ...(minAgeMs ? { minAgeMs } : {}),
    ...(mediaTypes ? { mediaTypes } : {}),
    ...(schedule ? { schedule } : {}),
    ...(rateLimit.min || rateLimit.retryMs
      ? { rateLimit: { min: rateLimit.min ?? 0, retryMs: rateLimit.retryMs ?? DEFAULT_RETRY_MS } }
      : {}),
    ...(backup ? { backup: { template: backup.text, sync: names.sync } } : {}),
    ...(prune ? { prune } : {}),
  };
}

/** Guesses a type that is missing or misspelt, so that the names of the rule are checked all the same. */
function guessType(source: string): SyncRule["type"] {
  if (/^([^/:]*\.[^/:]*|localhost)(:\d+)?$/.test(source)) return "registry";
  return /[:@][^/]*$/.test(source) ? "image" : "repository";
}

function readPlatforms(raw: RawRule, node: ConfigNode): RuleCopyOptions {
  const { platform, platforms = [], index } = raw;
  if (platform && platforms.length > 0) {
    node.at("platform").addMistake("platform and platforms exclude each other", "key");
  }
  if (platform && index !== undefined) {
    node.at("index").addMistake("platform copies no index; remove one of them", "key");
  }
  if (platform) return { platforms: [platform], index: "unwrap" };
  if (platforms.length === 0) return {};
  if (index === undefined) {
    node.at("platforms").addWarning(
      "as in regsync, the index still lists all platforms, and some registries reject it; write index: rebuild for an index " +
        "of these platforms only, or index: sparse to keep it without this warning",
      "key",
    );
  }
  return { platforms };
}

function readPrune(
  { prune }: RawRule,
  type: SyncRule["type"],
  node: ConfigNode,
): PruneOptions | undefined {
  if (!prune) return undefined;
  if (type === "image") {
    node.addMistake("expected a rule of type repository or registry", "key");
  }
  warnOfPatterns(node.at("keep"));
  return { keep: prune.keep ?? [], maxShare: prune.maxShare ?? DEFAULT_MAX_SHARE };
}

/** Names the targets that are known to delete nothing, before the first run fails there. */
function warnOfPrune(targets: readonly string[], node: ConfigNode): void {
  const registries = new Set(targets.map((target) => target.split("/", 1).join()));
  for (const registry of registries) {
    if (quirksOf(registry).deletesTags !== false) continue;
    node.addWarning(`${registry} deletes neither tags nor manifests, so prune fails there`, "key");
  }
}

/** The fields of `.Ref` in a `backup` template: the image before it is overwritten. */
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

function checkBackup(backup: ConfigNode, sync: Readonly<Record<string, string>>): void {
  backup.try(() => {
    if (!isTemplate(backup.text)) return;
    checkFields(parseTemplate(backup.text), { Ref: REF_FIELDS, Sync: sync, Step: sync });
  });
}

/** Reads `targetTag`, and tries it with a tag. */
function readTargetTag(
  { targetTag, prune }: RawRule,
  type: SyncRule["type"],
  rule: ConfigNode,
): string | undefined {
  const node = rule.at("targetTag");
  if (!targetTag) return undefined;
  if (type === "image") {
    node.addMistake("has no use for type image: write the tag in target", "key");
  } else if (prune) {
    node.addMistake("prune and targetTag exclude each other", "key");
  } else {node.try(() =>
      renderTargetTag(targetTag, { registry: "a.io", repository: "b", tag: "1.0" })
    );}
  return targetTag;
}

/** As in regsync, a repository for referrers does not turn on copying them. */
function warnOfUnusedReferrers(raw: RawRule, node: ConfigNode): void {
  for (const name of ["referrerSource", "referrerTarget"] as const) {
    if (raw[name]) node.at(name).addWarning("has no effect without referrers: true", "key");
  }
}

/** Warns of keys that have no effect in a rule of this type. */
function warnOfUnusedKeys(raw: RawRule, type: SyncRule["type"], node: ConfigNode): void {
  if (raw.repos && type !== "registry") {
    node.at("repos").addWarning("has an effect for type registry only", "key");
  }
  if (raw.digests && type !== "repository") {
    node.at("digests").addWarning("has an effect for type repository only", "key");
  }
  for (const name of ["tags", "tagSets"] as const) {
    if (raw[name] && type === "image") {
      node.at(name).addWarning("has an effect for types repository and registry only", "key");
    }
  }
}
